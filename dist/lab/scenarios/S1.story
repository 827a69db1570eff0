# An operator cannot tell yet whether it is under attack, and reports it all the same.
story "flow A: attack information, from an incident of unknown cause"
the time is 02:41:00

op-power-a knows cabinet
op-power-a files incident FIRST
	from incident
	title "Set-points changed without an operator at the desk"
	what "Set-points of two feeders changed at 02:41 while nobody was at the desk."
	cause unknown
	tlp AMBER
	audience org:min-energy,org:cabinet,org:op-telecom-a,community:cep-power/power
	part damage AMBER+STRICT for org:min-energy,org:cabinet,org:cep-power "Estimate: 1,240 customers without supply for 35 minutes; not for the press."

within 60s min-energy, cep-power, op-power-b, op-telecom-a and cabinet hold FIRST
within 10s min-energy and cep-power hold part damage of FIRST
op-power-b, op-telecom-a and cabinet see part damage of FIRST withheld
cabinet has FIRST from min-energy
rule audience keeps FIRST from min-comm at min-energy
everybody verify everything
nobody else learns of FIRST
op-power-b, op-telecom-a, cabinet, min-comm and foreign-cert never learn part damage of FIRST
