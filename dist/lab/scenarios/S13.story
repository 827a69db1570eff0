# A victim that wants to be known to nobody else reports to its sector body alone, which says it again in its own name.
story "a member's report, issued again without its origin"
the time is 13:00:00

cep-power knows min-comm
op-power-a files incident REPORT
	from incident
	title "Alpha Electric Power: maintenance account taken over"
	what "An account of the maintenance contractor opened both gateways of ours at noon."
	cause malicious
	tlp AMBER+STRICT
	audience org:cep-power
within 30s cep-power hold REPORT

tell "words that name the origin do not pass, and nothing is taken over that its author numbers"
cep-power may not file incident because origin
	from again
	anonymise {REPORT}
	tlp AMBER
	audience community:self/power,org:min-energy,org:min-comm
cep-power files incident AGAIN
	from again
	anonymise {REPORT}
	title "A member of the sector: a contractor's account opened gateways"
	what "A contractor's account opened gateways of one member; accounts are to be reviewed."
	where "one member of the sector"
	extent "one station"
	urgency now
	tlp AMBER
	audience community:self/power,org:min-energy,org:min-comm
within 30s op-power-b, min-energy and min-comm hold AGAIN
cep-power files secinfo EDITION
	from secinfo
	made-from {REPORT}
	title "Review accounts of maintenance contractors"
	text "Accounts of maintenance contractors are being abused; review who may open gateways."
	tlp GREEN
	audience org:foreign-cert
	text-lang en
within 30s foreign-cert hold EDITION

tell "readers see that it was made from something, and not from what; the auditor who is shown the opening can check it"
min-comm may not do "verify {AGAIN} --opening {cep-power}/kairand.pid"
min-comm does "verify {AGAIN} --opening {cep-power}/openings"
within 5s min-comm answers "verify {AGAIN} --opening {cep-power}/openings" with "{REPORT}"
within 5s foreign-cert answers "verify {EDITION} --opening {cep-power}/openings" with "{REPORT}"
within 5s cep-power answers "verify {AGAIN} --opening {cep-power}/openings" with "\u0022made_from_origin\u0022:\u0022op-power-a\u0022"

everybody verify everything
everybody find their stores sound
nobody else learns of REPORT
min-comm and foreign-cert never learn that op-power-a takes part
nobody else learns of EDITION
