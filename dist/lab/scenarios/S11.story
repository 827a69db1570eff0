# One command takes a mistaken alert back, also where somebody was away.
story "a mistaken alert, taken back in one command"
the time is 06:30:00

min-energy files alert WARNING
	from alert
	title "Shut the gas pressure controllers down"
	text "A report says that gas pressure controllers are under attack."
	action "Shut remote control of pressure down at once."
	tlp AMBER
	audience org:cabinet,org:op-power-a,org:op-power-b,org:cep-power
within 30s cabinet, op-power-a, op-power-b and cep-power hold WARNING
op-power-b goes down
min-energy retracts WARNING as SORRY because false-alarm
within 30s cabinet, op-power-a and cep-power show WARNING as retracted
op-power-b comes back
within 30s op-power-b show WARNING as retracted
tell "and it cannot come again"
everybody verify everything
everybody find their stores sound
nobody else learns of WARNING
