# A label says who may have it. What a label forbids is blocked, never missed; its origin alone can open it, part by part.
# A sender that ignores labels is refused by every receiver: the tests' patched sender shows that against a real node.
story "the label forbids passing on: asked, granted for one part, refused for another"
the time is 09:00:00
time runs 100 times as fast

cabinet knows op-power-b
cabinet files alert WARNING
	from alert
	title "Update servers of one relay vendor are not to be trusted"
	text "The update servers of one relay vendor deliver altered firmware."
	action "Stop automatic updates of relays."
	tlp AMBER+STRICT
	audience org:min-energy
	part method AMBER+STRICT for org:min-energy "The signing service of the vendor answers to a second master."
within 30s min-energy hold WARNING
within 10s min-energy hold part method of WARNING

tell "its agreements ask the ministry to pass alerts on within 15 minutes; the label forbids it"
within 30s the duty of min-energy to op-power-a about WARNING is blocked
within 10s the duty of min-energy to op-power-b about WARNING is blocked
within 10s the duty of min-energy to cep-power about WARNING is blocked
rule audience keeps WARNING from op-power-b at min-energy
wait 10s
tell "a quarter of an hour later it is blocked still, and not overdue"
within 1s the duty of min-energy to op-power-b about WARNING is blocked
within 1s min-energy answers "duty" with "\u0022overdue\u0022:0"
within 1s min-energy answers "duty" with "kairan release request"

tell "the ministry asks the origin to open one part for one operator"
min-energy may not do "release grant {WARNING} --to CLEAR"
min-energy does "release request {WARNING} --part main --for org:op-power-b --note needed-by-its-desk" as ASKED
within 30s cabinet hold ASKED
cabinet does "release grant {ASKED}"
within 60s op-power-b hold WARNING
op-power-b see part method of WARNING withheld
op-power-b has WARNING from min-energy
within 30s the duty of min-energy to op-power-b about WARNING is met
within 5s the duty of min-energy to op-power-a about WARNING is blocked

tell "and once more for all of it, which the origin refuses"
min-energy does "release request {WARNING} --part method --for org:op-power-b" as AGAIN
within 30s cabinet hold AGAIN
cabinet does "release refuse {AGAIN} --note not-before-the-vendor-knows" as NO
within 30s min-energy hold NO
op-power-b see part method of WARNING withheld

everybody verify everything
everybody find their stores sound
nobody else learns of WARNING
nobody else learns of ASKED
nobody else learns of AGAIN
nobody else learns of NO
op-power-b never learn part method of WARNING
