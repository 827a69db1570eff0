# An operator cannot tell yet whether it is under attack, and reports it all the same.
story "flow A: attack information, from an incident of unknown cause"
the time is 02:41:00

op-power-a knows cabinet
op-power-a files incident FIRST
	from incident
	title "Set-points changed without an operator at the desk"
	what "Set-points of two feeders changed at 02:41 while nobody was at the desk."
	cause unknown
	urgency now
	tlp AMBER
	audience org:min-energy,org:cabinet,org:op-telecom-a,community:cep-power/power
	part damage AMBER+STRICT for org:min-energy,org:cabinet,org:cep-power "Estimate: 1,240 customers without supply for 35 minutes; not for the press."

within 60s min-energy, cep-power, op-power-b, op-telecom-a and cabinet hold FIRST
within 10s min-energy and cep-power hold part damage of FIRST
op-power-b, op-telecom-a and cabinet see part damage of FIRST withheld
cabinet has FIRST from min-energy
rule audience keeps FIRST from min-comm at min-energy
tell "agreements say who tells whom: the ministry reports to the centre, and answers the operator"
within 30s the duty of min-energy to cabinet about FIRST is met
within 10s the duty of min-energy to op-power-a about FIRST is due
tell "and it came under the operator's own signature"
cabinet does "verify {FIRST}"
within 10s cabinet answers "show {FIRST}" with "\u0022verdict\u0022:\u0022ok\u0022"
min-energy does "ack {FIRST} --level received --role duty"
within 30s op-power-a answers "who-knows {FIRST}" with "\u0022level\u0022:\u0022received\u0022"

tell "min-energy advises the operator, and the operator alone"
min-energy files advice ADVICE
	title "Keep the gateways on local control"
	incident {FIRST}
	binding advice
	action "Keep both gateways on local control until the cause is known."
	due +2h
	tlp AMBER+STRICT
	audience org:op-power-a
within 30s op-power-a hold ADVICE
within 30s the duty of min-energy to op-power-a about FIRST is met
op-power-a does "ack {ADVICE} --action mitigated --role duty"
within 30s min-energy answers "who-knows {ADVICE}" with "\u0022action\u0022:\u0022mitigated\u0022"

tell "the centre asks, and nothing observed is an answer"
cabinet files rfi QUESTION
	title "Set-points that changed by themselves"
	question "Was anything like this seen in telecommunications since midnight?"
	due +1h
	tlp AMBER+STRICT
	audience org:min-comm
within 30s min-comm hold QUESTION
min-comm files rfi-reply ANSWER
	title "Nothing like this in telecommunications"
	question {QUESTION}
	state none-observed
	tlp AMBER+STRICT
	audience org:cabinet
within 30s cabinet hold ANSWER
within 30s the duty of min-comm to cabinet about QUESTION is met
cabinet files sitrep PICTURE
	title "One operator, cause unknown, supply normal"
	as-of now
	covered "one incident report, one answer"
	sector "pow: one operator, normal"
	not-reported none
	tlp AMBER+STRICT
	audience org:min-energy,org:min-comm
within 30s min-energy and min-comm hold PICTURE

tell "the cause becomes known: the second report goes to exactly those who had the first"
op-power-a revises FIRST as SECOND
	report 2
	stage notification
	title "Set-points were changed from outside"
	cause malicious/external/high
within 60s min-energy, cep-power, op-power-b, op-telecom-a and cabinet hold SECOND
tell "and everybody is asked again to acknowledge it, whatever was said of the first"
within 10s min-energy answers "inbox" with "\u0022cause\u0022:\u0022to-malicious\u0022"
within 10s cabinet answers "inbox" with "\u0022cause\u0022:\u0022to-malicious\u0022"
within 30s min-energy, cep-power, op-power-b, op-telecom-a and cabinet show FIRST as superseded
within 10s min-energy and cep-power hold part damage of SECOND
op-power-b, op-telecom-a and cabinet see part damage of SECOND withheld

everybody verify everything
nobody else learns of SECOND
nobody else learns of ADVICE
nobody else learns of QUESTION
nobody else learns of ANSWER
nobody else learns of PICTURE
op-power-b, op-telecom-a, cabinet, min-comm and foreign-cert never learn part damage of SECOND
nobody else learns of FIRST
op-power-b, op-telecom-a, cabinet, min-comm and foreign-cert never learn part damage of FIRST
