# The federation falls into two halves. Each serves its own; what one half did wrong is put right in both when they meet.
story "a partition: both halves go on, and agree when they meet again"
the time is 05:00:00

cabinet files alert WARNING
	from alert
	title "Scans of maintenance ports from one network"
	text "One network scans the maintenance ports of three sectors."
	action "Block the network at the border."
	tlp AMBER
	audience org:min-energy,org:min-comm,community:cep-power/power
op-power-a files incident FIRST
	from incident
	title "Unknown device in a substation network"
	what "A device that nobody ordered answers in the station network."
	cause unknown
	tlp AMBER
	audience org:min-energy,community:cep-power/power
within 30s min-energy, cep-power, op-power-a, op-power-b, min-comm and op-telecom-a hold WARNING
within 30s min-energy, cep-power and op-power-b hold FIRST

cut cabinet, min-comm, op-telecom-a and foreign-cert from min-energy, cep-power, op-power-a and op-power-b
tell "each half serves"
op-telecom-a files secinfo LESSON
	from secinfo
	title "The network belongs to a research project"
	text "The scans come from a research project that announced itself."
	tlp AMBER
	audience org:op-power-a,org:min-comm
within 30s min-comm hold LESSON
op-power-a do not hold LESSON
cep-power files alert LOCAL
	from alert
	title "Look for devices that nobody ordered"
	text "One member found an unknown device in a station network."
	action "Compare what answers with what was ordered."
	tlp AMBER
	audience community:self/power
within 30s op-power-a and op-power-b hold LOCAL

tell "each half revises and retracts"
cabinet retracts WARNING as SORRY because false-alarm
within 30s min-comm and op-telecom-a show WARNING as retracted
within 5s min-energy, op-power-a and op-power-b show WARNING as current
op-power-a revises FIRST as SECOND
	report 2
	stage notification
	title "The device is a forgotten test computer"
op-power-a revises FIRST as OTHER
	report 2
	stage notification
	title "The device belongs to a contractor"
within 30s cep-power, min-energy and op-power-b show SECOND as conflict
within 30s cep-power, min-energy and op-power-b show OTHER as conflict
within 5s cep-power answers "thread {FIRST}" with "conflict"
within 5s cep-power answers "list --kind incident" with "The device belongs to a contractor"

mend all links
tell "the retraction beats the older alert, the conflict is shown everywhere until its origin decides"
within 30s min-energy, cep-power, op-power-a and op-power-b show WARNING as retracted
within 30s op-power-a hold LESSON
op-power-a has LESSON from op-telecom-a
op-power-a list LESSON once
everybody verify everything
everybody find their stores sound
foreign-cert, cabinet, min-comm and op-telecom-a never learn of SECOND
foreign-cert never learn of WARNING
nobody else learns of LOCAL
nobody else learns of LESSON
