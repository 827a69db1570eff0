# The smallest drill, twice: everybody confirms, then one of three is silent.
story "a comcheck: who can be reached, and whose contact is to be mended"
the time is 10:00:00

min-energy does "comcheck --name first --with op-power-a,op-power-b,cep-power --confirm EXERCISE" as FIRST
within 30s op-power-a, op-power-b and cep-power answer "list --realm first" with "{FIRST}"
op-power-a does "ack {FIRST} --level received --realm first"
op-power-b does "ack {FIRST} --level received --realm first"
cep-power does "ack {FIRST} --level received --realm first"
within 30s min-energy answers "drill report first" with "\u0022rate\u0022:\u00223/3\u0022,\u0022percent\u0022:100"
within 1s min-energy answers "drill report first" with "\u0022mend\u0022:[]"
tell "and the second time nobody answers at cep-power"
min-energy does "comcheck --name second --with op-power-a,op-power-b,cep-power --confirm EXERCISE" as SECOND
within 30s op-power-a, op-power-b and cep-power answer "list --realm second" with "{SECOND}"
op-power-a does "ack {SECOND} --level received --realm second"
op-power-b does "ack {SECOND} --level received --realm second"
within 30s min-energy answers "drill report second" with "\u0022rate\u0022:\u00222/3\u0022,\u0022percent\u0022:66"
within 1s min-energy answers "drill report second" with "\u0022mend\u0022:[{\u0022org_name\u0022:\u0022cep-power\u0022,\u0022cause\u0022:\u0022nobody-answered\u0022"
within 1s cep-power answers "drill report second" with "nobody-answered"
within 1s op-power-a answers "drill report second" with "\u0022rate\u0022:\u00221/1\u0022,\u0022percent\u0022:100"
op-power-a, op-power-b and cep-power report drill first as min-energy does
op-power-a, op-power-b and cep-power report drill second as min-energy does
everybody do not hold FIRST
everybody do not hold SECOND
everybody find their stores sound
