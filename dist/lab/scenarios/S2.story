# The centre warns: ministries pass it on, operators act, a partner abroad gets an edition that was made for it.
story "flow B: alert information, from the centre to those who must act"
federation signed
the time is 03:00:00

tell "the two ministries do not hear it from one another, nor the two sectors, so that numbers come back the way that it went"
cut min-energy from min-comm
cut op-power-a from op-telecom-a
cabinet files alert WARNING
	from alert
	title "A protection relay's maintenance access is being abused"
	text "Two operators lost protection settings of this relay within an hour."
	action "Disconnect the remote maintenance of these relays today."
	tlp AMBER
	audience org:min-energy,org:min-comm,community:cep-power/power
within 5s cabinet show WARNING as unsigned
min-energy, min-comm and cep-power do not hold WARNING
tell "the duty officer has signed; it goes when a decider has signed too"
cabinet does "--confirm live sign {WARNING} --as decider"
within 60s min-energy and min-comm hold WARNING
within 60s cep-power, op-power-a, op-power-b and op-telecom-a hold WARNING

tell "the ministries owe it to their operators, and are done within the quarter of an hour that was agreed"
within 30s the duty of min-energy to op-power-a about WARNING is met
within 30s the duty of min-energy to op-power-b about WARNING is met
within 30s the duty of min-energy to cep-power about WARNING is met
within 30s the duty of min-comm to op-telecom-a about WARNING is met

tell "what came by two ways is shown once, and both ways are named"
op-power-a has WARNING from min-energy and cep-power
op-power-a and op-power-b list WARNING once
within 5s op-power-a answers "explain {WARNING} min-energy" with "\u0022direction\u0022:\u0022in\u0022"
within 5s op-power-a answers "explain {WARNING} cep-power" with "\u0022direction\u0022:\u0022in\u0022"

tell "who has it, and who acts, comes back in numbers"
within 30s cabinet counts 3 of 3 behind min-energy as delivered for WARNING
within 30s cabinet counts 1 of 1 behind min-comm as delivered for WARNING
op-power-a does "ack {WARNING} --action affected --role duty --note two-relays"
op-power-b does "ack {WARNING} --level received --role duty"
within 30s cabinet counts 2 of 3 behind min-energy as received for WARNING
within 30s cabinet counts 1 of 3 behind min-energy as action for WARNING
min-energy does "ack {WARNING} --level received --role duty"
min-comm does "ack {WARNING} --level received --role duty"
mend all links

tell "the partner abroad gets an edition of its own, which does not say what it was made from"
rule ceiling keeps WARNING from foreign-cert at cabinet
cabinet files secinfo EDITION
	from secinfo
	subtype guidance
	title "Guidance on remote maintenance of protection relays"
	text "Remote maintenance of protection relays should be disconnected until further notice."
	action "Disconnect remote maintenance."
	tlp GREEN
	audience org:foreign-cert
	text-lang en
within 60s foreign-cert hold EDITION

everybody verify everything
foreign-cert never learn of WARNING
nobody else learns of EDITION
