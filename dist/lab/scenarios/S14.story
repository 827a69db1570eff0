# A plant's network that no link reaches: what its operator may have is carried in as a file, and its word is carried out.
story "a closed network fed by signed bundle files"
federation newcomer

tell "op-power-c's network is closed: cards and the agreement were carried by hand, and no node ever reaches it."
cut op-power-c from everybody
op-power-c agrees with cep-power by operator-sector-body as operator in cep-power/power
cep-power admits op-power-c to power

cep-power files secinfo LESSON
	from secinfo
	title "What the members learnt last spring"
	text "Every member changed its maintenance passwords."
	tlp AMBER
	audience community:self/power
cep-power files secinfo PRIVATE
	from secinfo
	title "A word to one member"
	text "This concerns op-power-a alone."
	tlp AMBER+STRICT
	audience org:op-power-a
within 30s op-power-a hold LESSON
op-power-c do not hold LESSON

# Out, and in.
cep-power writes bundle MONDAY for op-power-c
bundle MONDAY carries LESSON
bundle MONDAY does not carry PRIVATE
bundle MONDAY is changed on the way into FORGED
op-power-c may not take bundle FORGED because "signature does not verify"
op-power-a may not take bundle MONDAY because "another organisation"
op-power-c takes bundle MONDAY and answers with TUESDAY
within 5s op-power-c hold LESSON
op-power-c may not take bundle MONDAY because "taken before"
op-power-c has LESSON from cep-power

# Until the answer is there it may be lost, so it goes again.
within 5s cep-power answers "explain {LESSON} op-power-c" with "\u0022delivery\u0022:\u0022sent\u0022"
cep-power writes bundle WEDNESDAY for op-power-c
bundle WEDNESDAY carries LESSON
cep-power takes bundle TUESDAY
cep-power may not take bundle TUESDAY because "taken before"
op-power-c takes bundle WEDNESDAY and answers with THURSDAY
cep-power takes bundle THURSDAY
within 5s cep-power answers "explain {LESSON} op-power-c" with "\u0022delivery\u0022:\u0022stored\u0022"
within 5s cep-power answers "who-knows {LESSON}" with "\u0022level\u0022:\u0022delivered\u0022"
cep-power has no bundle for op-power-c

# What the people in the closed network say comes out the same way; and what was a mistake is taken back there too.
op-power-c does "ack {LESSON} --level received"
op-power-c writes bundle FRIDAY for cep-power
cep-power takes bundle FRIDAY
within 5s cep-power answers "who-knows {LESSON}" with "\u0022level\u0022:\u0022received\u0022"
cep-power retracts LESSON as SORRY because false-alarm
cep-power writes bundle MONDAY2 for op-power-c
op-power-c takes bundle MONDAY2
within 5s op-power-c show LESSON as retracted

everybody verify everything
everybody find their stores sound
op-power-c never learn of PRIVATE
min-energy never learn of LESSON
min-energy never learn that op-power-c takes part
