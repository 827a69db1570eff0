# The ministry is down. What names the cabinet and would pass through the ministry goes by the contingency clause of the sector
# body's agreement with the cabinet: the listed pairs and kinds, marked so, while it lasts. Without the clause it does not go, and
# the operator is told whom to telephone. A minute of the story is half a second.
story "the ministry is down: what a contingency clause carries, and what is telephoned without one"
the time is 08:20:00
time runs 120 times as fast

op-power-b knows cabinet
min-energy goes down
op-power-b files incident FIRST
	from incident
	title "Control centre lost its view of three substations"
	what "Telemetry of three substations failed together while their links stayed up."
	cause unknown
	tlp AMBER
	audience org:min-energy,org:cabinet,community:cep-power/power
within 10s cep-power and op-power-a hold FIRST
cabinet do not hold FIRST
rule kind keeps FIRST from cabinet at cep-power
tell "half an hour after the link fell the clause opens"
within 40s cabinet hold FIRST
cabinet has FIRST from cep-power
within 5s cep-power answers "journal list --event contingency-opened" with "min-energy"
within 5s cep-power answers "explain {FIRST} cabinet" with "\u0022rule\u0022:\u0022contingency\u0022"
within 5s cabinet answers "show {FIRST}" with "\u0022opened_at\u0022"
within 5s cabinet answers "journal list --event contingency-heard" with "contingency-heard"

tell "only what the clause lists: another kind and a narrower label stay behind"
op-power-b files secinfo LESSON
	from secinfo
	title "A maintenance account that nobody owned"
	text "An account of a former contractor was used for maintenance."
	tlp AMBER
	audience org:min-energy,org:cabinet,community:cep-power/power
op-power-b files incident PRIVATE
	from incident
	title "A visitor was seen at a substation"
	what "A person without a badge was seen at the fence of one substation."
	cause unknown
	tlp AMBER
	audience org:min-energy,community:cep-power/power
within 10s cep-power and op-power-a hold LESSON
within 10s cep-power hold PRIVATE
op-power-b revises FIRST as SECOND
	report 2
	stage notification
	title "Control centre has its view again"
within 20s cabinet hold SECOND
within 10s cabinet show FIRST as superseded
cabinet do not hold LESSON
cabinet do not hold PRIVATE

tell "the sector body is killed in the middle of it, and carries on"
cep-power is killed
cep-power comes back
op-power-b revises SECOND as THIRD
	report 3
	stage interim
	title "The cause is looked for"
within 30s cabinet hold THIRD
within 5s cep-power answers "journal list --event contingency-carried" with "{THIRD}"

tell "the ministry is back: it gets what it was owed, once, and the clause closes"
min-energy comes back
within 40s min-energy hold FIRST
within 10s min-energy hold SECOND
within 10s min-energy hold THIRD
within 10s min-energy hold LESSON
within 10s min-energy hold PRIVATE
within 10s min-energy show SECOND as superseded
within 20s cabinet hold LESSON
min-energy list THIRD once
cabinet list THIRD once
cabinet list FIRST once
within 20s cep-power answers "journal list --event contingency-closed" with "min-energy"

tell "the same without a clause: the two end their agreement, and the ministry is down once more"
cep-power does "agree terminate cabinet --confirm terminate"
min-energy goes down
op-power-b files incident FOURTH
	from incident
	title "The view is lost once more"
	what "Telemetry of the same three substations failed again."
	cause unknown
	tlp AMBER
	audience org:min-energy,org:cabinet,community:cep-power/power
within 10s cep-power hold FOURTH
wait 17s
cabinet do not hold FOURTH
rule agreement keeps FOURTH from cabinet at cep-power
tell "whom to telephone"
within 5s op-power-b answers "explain {FOURTH} cabinet" with "tel:+81-3-5555-"
within 5s op-power-b answers "peers" with "tel:+81-3-5555-"
within 5s op-power-b answers "file secinfo --set title=View --set text=Lost --set subtype=lesson --set action=none --tlp AMBER --audience org:min-energy,org:cabinet --dry-run" with "tel:+81-3-5555-"
min-energy comes back
within 40s cabinet hold FOURTH
cabinet has FOURTH from min-energy
cabinet list FOURTH once

everybody verify everything
everybody find their stores sound
cabinet, min-comm and op-telecom-a never learn of PRIVATE
foreign-cert never learn of FIRST
nobody else learns of LESSON
