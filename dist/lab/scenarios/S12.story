# Who joins today gets what still counts and what it may have: not what is over, nor what was never for it.
story "a newcomer gets the still-valid past that it may have"
federation newcomer

cep-power files secinfo LESSON
	from secinfo
	title "What the members learnt last spring"
	text "Every member changed its maintenance passwords."
	tlp AMBER
	audience community:self/power
cep-power files secinfo MISTAKE
	from secinfo
	title "Something that was not so"
	text "This was found to be untrue on the next day."
	tlp AMBER
	audience community:self/power
cep-power files secinfo PRIVATE
	from secinfo
	title "A word to one member"
	text "This concerns op-power-a alone."
	tlp AMBER+STRICT
	audience org:op-power-a
cep-power files secinfo BRIEF
	from secinfo
	title "Counts for two seconds only"
	text "By the time that somebody joins, this is over."
	tlp AMBER
	valid 2s
	audience community:self/power
within 30s op-power-a hold LESSON
within 30s op-power-a hold BRIEF
within 30s op-power-a hold PRIVATE
cep-power retracts MISTAKE as SORRY because false-alarm
within 30s op-power-a show MISTAKE as retracted
wait 2s

op-power-c agrees with cep-power by operator-sector-body as operator in cep-power/power
cep-power admits op-power-c to power
within 30s op-power-c hold LESSON
op-power-c do not hold BRIEF
op-power-c do not hold MISTAKE
everybody verify everything
op-power-c never learn of PRIVATE
op-power-c never learn of BRIEF
min-energy never learn of LESSON
