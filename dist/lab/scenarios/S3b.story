# The capital is silent. The sectors go on, and when it is back it has what it was owed.
story "the centre is down, and the sectors go on"
the time is 04:10:00

cabinet goes down
op-power-b knows cabinet
op-power-b files incident FIRST
	from incident
	title "Control centre lost its view of three substations"
	what "Telemetry of three substations failed together while their links stayed up."
	cause unknown
	tlp AMBER
	audience org:min-energy,org:cabinet,community:cep-power/power
within 30s min-energy, cep-power and op-power-a hold FIRST
cep-power files alert WARNING
	from alert
	title "Check the view of your substations"
	text "One member lost the view of three substations for eleven minutes."
	action "Compare the telemetry of your front-end processors now."
	tlp AMBER
	audience community:self/power
within 30s op-power-a and op-power-b hold WARNING
op-telecom-a files secinfo LESSON
	from secinfo
	title "A maintenance account that nobody owned"
	text "An account of a former contractor was used for maintenance."
	tlp AMBER
	audience org:op-power-a,org:min-comm
within 30s op-power-a and min-comm hold LESSON
op-power-b revises FIRST as SECOND
	report 2
	stage notification
	title "Control centre has its view again"
within 30s min-energy and cep-power hold SECOND
within 10s min-energy and cep-power show FIRST as superseded

cabinet comes back
within 30s cabinet hold FIRST
within 30s cabinet hold SECOND
within 10s cabinet show FIRST as superseded
cabinet list SECOND once
everybody verify everything
everybody find their stores sound
min-comm, op-telecom-a and foreign-cert never learn of FIRST
nobody else learns of WARNING
nobody else learns of LESSON
