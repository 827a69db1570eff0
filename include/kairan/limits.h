/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every bound on one page. The wire tables (wire.h, frames.h) and the quota table refer to these; SPEC.md
 * prints them. A bound is checked before the length that it limits is believed.
 */
#ifndef KAIRAN_LIMITS_H
#define KAIRAN_LIMITS_H

#define KAI_VERSION 1 /* of the protocol and of every signed object */

#define KAI_MAX_PARTS 16
#define KAI_MAX_PARTICIPANTS 64	 /* of a drill */
#define KAI_MAX_PART_LEN 1048576 /* plaintext of one part */
#define KAI_MAX_PART_CIPHER                                                                        \
	(KAI_MAX_PART_LEN + 131072 + 64) /* padded, with length prefix and tag */
#define KAI_MAX_ADVISORY_LEN 4194304	 /* sum of padded parts */
#define KAI_MIN_PAD 256			 /* smallest padded plaintext */
#define KAI_MAX_HEADER_LEN 16384
#define KAI_MAX_PUSH_PART 65536 /* main part of an alert that travels whole */
#define KAI_MAX_CHUNK 65536
#define KAI_MAX_FRAME 196608 /* one ZeroMQ message body on a link */
#define KAI_MAX_BUNDLE                                                                             \
	5242880 /* body of a bundle: one advisory at its largest and what goes with it */
#define KAI_MAX_REALM_FRAME (KAI_MAX_FRAME - 32) /* a drill's frame in its envelope */
#define KAI_MAX_CONTROL 6291456			 /* one request or answer on the control socket */
#define KAI_MAX_PUBLISHES 64			 /* drafts in one request … */
#define KAI_MAX_PUBLISH_MANY 1048576		 /* … and its bytes */
#define KAI_MAX_RETRACT_LEN 2048		 /* plaintext of a retraction's one part */

#define KAI_MAX_AUDIENCE 64
#define KAI_MAX_SECTORS 16
#define KAI_MAX_SUPERSEDES 8
#define KAI_MAX_REFS 16
#define KAI_MAX_SIGNATURES 4
#define KAI_MAX_PATH 16 /* a tree of up to 65,536 ids */
#define KAI_MAX_EVIDENCE 8
#define KAI_MAX_BUNDLE_ITEMS 256
#define KAI_MAX_BUNDLE_CARDS 64
#define KAI_MAX_BUNDLE_MEMBERS 64
#define KAI_MAX_BUNDLE_EVIDENCE (UINT64_C(1) * KAI_MAX_EVIDENCE * KAI_MAX_BUNDLE_ITEMS)
#define KAI_MAX_BUNDLE_RECEIPTS 16
#define KAI_MAX_HEARD 64 /* numbers of bundles that came, told in one bundle back */

#define KAI_MAX_NAME 128 /* names of orgs, bytes of UTF-8 */
#define KAI_MAX_ALIAS 64
#define KAI_MAX_SHORT 64 /* community and part names, sector codes */
#define KAI_MAX_MEDIA 128
#define KAI_MAX_TEXT 512 /* reasons, contact lines */
#define KAI_MAX_ENDPOINT 256
#define KAI_MAX_ENDPOINTS 8
#define KAI_MAX_CARD_KEYS 32
#define KAI_MAX_REVOCATIONS 64
#define KAI_MAX_SIGNED_BODY                                                                        \
	32768 /* body of a card, node record, membership, notice, release, receipt, drill */
#define KAI_MAX_TERMS 65536
#define KAI_MAX_ENTRIES 256 /* in one offer, want, stored, refuse, none */
#define KAI_MAX_TOKEN 128
#define KAI_MAX_OUTSTANDING 256
#define KAI_MAX_EXT 16
#define KAI_MAX_EXT_LEN 4096
#define KAI_MAX_DEPTH 8 /* of nested objects in any table */

#define KAI_MS_SECOND 1000LL
#define KAI_MS_MINUTE (60 * KAI_MS_SECOND)
#define KAI_MS_HOUR (60 * KAI_MS_MINUTE)
#define KAI_MS_DAY (24 * KAI_MS_HOUR)
#define KAI_MAX_TIME_MS 253402300799999ULL /* 9999-12-31T23:59:59.999Z */
#define KAI_MEMBERSHIP_MAX_MS (90 * KAI_MS_DAY)
#define KAI_DRILL_MAX_MS (30 * KAI_MS_DAY)
#define KAI_DRILL_AHEAD_MS (90 * KAI_MS_DAY) /* from when it is made to when it begins */
#define KAI_GRACE_MS                                                                               \
	(30 * KAI_MS_DAY) /* after expiry: hello, card, agreement, ping, bye, retractions */

#endif
