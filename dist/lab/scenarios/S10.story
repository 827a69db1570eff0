# A drill and what is real at the same time: neither is ever taken for the other.
story "a drill beside a real alert"
the time is 14:00:00

min-energy does "drill open --name autumn --level comcheck --with op-power-a,op-power-b --until 1h"
within 30s op-power-a and op-power-b answer "drill list" with "\u0022state\u0022:\u0022open\u0022"
within 30s min-energy answers "drill list" with "\u0022consent\u0022:\u00223/3\u0022"
tell "one word for the drill, another for what is real"
min-energy may not do "file alert --realm autumn --confirm live --set title=Flood --set text=Practised --set basis=threatened --set certainty=possible --set scope=dams --set action=practise --set valid-until=+1h --tlp AMBER --audience org:op-power-a" because "the word is `EXERCISE`"
min-energy may not do "file alert --confirm EXERCISE --set title=Flood --set text=Practised --set basis=threatened --set certainty=possible --set scope=dams --set action=practise --set valid-until=+1h --tlp AMBER --audience org:op-power-a" because "the word is `live`"
min-energy does "file alert --realm autumn --confirm EXERCISE --set title=Flood --set text=Practised --set basis=threatened --set certainty=possible --set scope=dams --set action=practise --set valid-until=+1h --tlp AMBER --audience org:op-power-a,org:op-power-b" as FLOOD
min-energy files alert FIRE
	from alert
	title "A substation burns"
	text "This is real."
	action "Take it off the grid."
	tlp AMBER
	audience org:op-power-a,org:op-power-b
within 30s op-power-a and op-power-b hold FIRE
within 30s op-power-a and op-power-b answer "list --realm autumn" with "{FLOOD}"
within 1s op-power-a and op-power-b answer "list --realm autumn" with "\u0022exercise\u0022:"
tell "each is where it belongs, and nowhere else"
everybody do not hold FLOOD
op-power-a does "ack {FLOOD} --level received --realm autumn"
within 30s min-energy answers "drill report autumn" with "\u0022rate\u0022:\u00221/2\u0022"
cabinet, min-comm, cep-power, op-telecom-a and foreign-cert do not hold FIRE
cabinet, min-comm, cep-power, op-telecom-a and foreign-cert never learn of FLOOD
within 1s cabinet answers "drill list" with "\u0022drills\u0022:[]"
tell "a node that comes back goes on practising"
op-power-b goes down
op-power-b comes back
op-power-b does "ack {FLOOD} --level received --realm autumn"
within 30s min-energy answers "drill report autumn" with "\u0022rate\u0022:\u00222/2\u0022"
min-energy does "file rfi --realm autumn --set title=Dams --set question=Which? --set due=+1h --tlp AMBER --audience org:op-power-a" as ASKED
within 30s min-energy answers "drill report autumn" with "\u0022duties\u0022:{\u0022met\u0022:0,\u0022missed\u0022:0,\u0022open\u0022:1}"
within 30s op-power-a answers "list --realm autumn" with "{ASKED}"
op-power-a does "file rfi-reply --realm autumn --set title=None --set question={ASKED} --set state=none-observed --tlp AMBER --audience org:min-energy"
within 30s min-energy answers "drill report autumn" with "\u0022duties\u0022:{\u0022met\u0022:1,\u0022missed\u0022:0,\u0022open\u0022:0}"
op-power-a and op-power-b report drill autumn as min-energy does
min-energy does "drill close autumn"
within 30s op-power-a and op-power-b answer "drill list" with "\u0022state\u0022:\u0022over\u0022"
op-power-a may not do "ack {FLOOD} --level action --action checking --realm autumn"
within 1s op-power-a answers "list --realm autumn" with "{FLOOD}"
everybody verify everything
everybody find their stores sound
nobody else learns of FIRE
