# Nobody answers. Every step is written before the next one begins, so what a crash meets half done is done again, and says so.
story "nobody answers: the deputies, then the decider, across three restarts"
the time is 03:00:00
time runs 100 times as fast
op-power-a calls its people
min-energy calls its people

min-energy files alert WARNING
	from alert
	title "Remote maintenance of one relay is being abused"
	text "Two operators lost protection settings within an hour."
	action "Disconnect the remote maintenance of these relays now."
	tlp AMBER
	audience org:op-power-a,org:op-power-b
within 30s op-power-a and op-power-b hold WARNING
within 20s op-power-a calls its duty about WARNING

tell "the node is killed while the desk is being called: it calls again, by the same step"
op-power-a is killed
op-power-a comes back
within 20s op-power-a calls its duty again about WARNING

tell "fifteen minutes, and nobody acknowledges: the deputies, at +15 and +30, while the node is restarted twice more"
within 40s op-power-a calls its deputy about WARNING
op-power-a goes down
op-power-a comes back
within 5s op-power-a answers "show {WARNING}" with "\u0022event\u0022:\u0022unacknowledged\u0022,\u0022role\u0022:\u0022deputy\u0022"
within 40s op-power-a calls its decider about WARNING
op-power-a is killed
op-power-a comes back

tell "who sent it calls too: there, a person is silent, which is another call than a link that is"
within 30s min-energy calls the duty of op-power-a about WARNING
op-power-b goes down
min-energy files alert SECOND
	from alert
	title "And the same relay elsewhere"
	text "A third operator lost its settings."
	action "Disconnect the remote maintenance of these relays now."
	tlp AMBER
	audience org:op-power-b
within 30s min-energy calls the duty of op-power-b about its link
op-power-b comes back
within 30s op-power-b hold SECOND

tell "one word ends it"
op-power-a does "ack {WARNING} --level received"
within 10s op-power-a answers "show {WARNING}" with "\u0022why\u0022:\u0022acknowledged\u0022"
within 30s min-energy answers "show {WARNING}" with "\u0022why\u0022:\u0022received\u0022"
within 10s op-power-a answers "journal list" with "call-repeated"
within 10s op-power-a answers "journal list" with "calls-ended"
op-power-a called nobody twice but after it ended
min-energy called nobody twice but after it ended
everybody find their stores sound
everybody verify everything
nobody else learns of WARNING
