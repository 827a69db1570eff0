# An agreement ends at a second, and both sides keep to it, each by its own clock.
story "expiry at 03:00:00, to the second"
federation newcomer
the time is 02:59:45

op-power-c agrees with cep-power by operator-sector-body as operator in cep-power/power until 03:00:00
op-power-c files secinfo BEFORE
	from secinfo
	title "A lesson while the agreement is in force"
	text "What is learnt before three o'clock may still be told."
	tlp AMBER+STRICT
	audience org:cep-power
within 10s cep-power hold BEFORE
wait until 02:59:59
op-power-c files secinfo LAST
	from secinfo
	title "A lesson in the last second"
	text "What is learnt in the last second may still be told."
	tlp AMBER+STRICT
	audience org:cep-power
cep-power files secinfo ANSWER
	from secinfo
	title "An answer in the last second"
	text "The other side may still answer as well."
	tlp AMBER+STRICT
	audience org:op-power-c
within 10s cep-power hold LAST
within 10s op-power-c hold ANSWER

wait until 03:00:01
op-power-c may not file secinfo because keep
	from secinfo
	title "A lesson that is one second late"
	text "What is learnt after three o'clock stays where it is."
	tlp AMBER+STRICT
	audience org:cep-power
cep-power may not file secinfo because keep
	from secinfo
	title "The other side is late as well"
	text "Nor does anything come back after three o'clock."
	tlp AMBER+STRICT
	audience org:op-power-c

tell "a retraction still passes"
op-power-c retracts BEFORE as SORRY because superseded
within 20s cep-power hold SORRY
within 20s cep-power show BEFORE as retracted

tell "whose clock is slow still sends it, and the other side refuses by its own"
the clock of op-power-c is 10s slow
op-power-c files secinfo STALE
	from secinfo
	title "A lesson by a slow clock"
	text "By the clock of its author this is still in time."
	tlp AMBER+STRICT
	audience org:cep-power
wait 3s
cep-power do not hold STALE
wait until 03:00:12
rule agreement keeps STALE from cep-power at op-power-c
cep-power do not hold STALE
everybody find their stores sound
nobody else learns of BEFORE
nobody else learns of LAST
nobody else learns of ANSWER
nobody else learns of SORRY
