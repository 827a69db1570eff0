# The node in the middle is killed again and again while it passes things on.
story "killed in the middle of its work, and nothing is lost"

op-power-a imports 60 advisories as ONE
	tlp AMBER
	audience community:cep-power/power,org:min-energy
wait 100ms
cep-power is killed
cep-power comes back
op-power-b imports 60 advisories as TWO
	tlp AMBER
	audience community:cep-power/power,org:min-energy
wait 60ms
cep-power and min-energy are killed
cep-power and min-energy come back
wait 200ms
op-power-a and cep-power are killed
op-power-a and cep-power come back
op-power-b files alert WARNING
	from alert
	title "A warning after it all"
	text "Somebody pulled the plug again and again."
	action "Look at the power supply."
	tlp AMBER
	audience community:cep-power/power
within 30s cep-power and op-power-a hold WARNING
within 60s cep-power, op-power-a and min-energy hold all of TWO
cep-power, op-power-a, op-power-b and min-energy find their stores sound
cep-power, op-power-a, op-power-b and min-energy verify everything
nobody else learns of WARNING
