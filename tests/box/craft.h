/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisories built by hand, open to any change before they are sent: what a patched sender would
 * make. For tests only; everything lies in the sender's arena.
 */
#ifndef KAIRAN_BOX_CRAFT_H
#define KAIRAN_BOX_CRAFT_H

#include "kairan/advisory.h"
#include "kairan/frames.h"
#include "peer.h"

/* What differs from the usual item: a secinfo of the sender's, AMBER for the node, to be pushed. */
struct plan {
	const struct box_peer *origin; /* NULL: the sender */
	const struct fix_pair *signer; /* NULL: the origin's decider */
	uint64_t kind;		       /* 0: secinfo */
	uint64_t urgency;	       /* 0: now */
	uint64_t tlp;		       /* 0: AMBER */
	uint64_t onward;	       /* 0: any */
	uint64_t audience;	       /* 0: an org */
	const uint8_t *named;	       /* NULL: the node */
	const char *place;	       /* sector or country of the audience */
	const char *sector;	       /* NULL: power */
	int64_t created_ms;	       /* against now */
	int64_t ends_ms;	       /* against now; 0: a day */
	uint64_t serial_ahead;	       /* of the origin's card */
	const uint8_t *thread;	       /* NULL: the first of a thread */
	const uint8_t *supersedes;
	const uint8_t *realm;
	size_t extra_len;   /* of a second part */
	uint64_t extra_tlp; /* of its own label; 0: the header's */
	const uint8_t *extra_named;
	bool bad_body;
};

struct craft {
	struct kai_header header;
	struct kai_span bytes; /* of the header, as sent */
	struct kai_built built;
	uint8_t id[KAI_ID_LEN]; /* as the node will name it */
	struct kai_signature signatures[KAI_MAX_SIGNATURES];
	size_t signature_count;
	struct kai_part_blob parts[KAI_MAX_PARTS];
	size_t part_count;
	struct kai_wrap wraps[KAI_MAX_PARTS];
	size_t wrap_count;
	struct kai_span evidence[1];
	size_t evidence_count;
	struct kai_mark *mark;
};

struct craft *craft_make(struct box_peer *peer, const struct plan *plan);
/* After the header was changed: encodes it anew; the signature stays as it is. */
void craft_reseal(struct box_peer *peer, struct craft *craft);
void craft_sign(struct craft *craft, const struct fix_pair *signer);
/* A wrap of these bytes for part `index` of id, from the sender to the node. */
struct kai_wrap craft_wrap(struct box_peer *peer, const uint8_t id[KAI_ID_LEN], uint8_t index,
			   struct kai_span opening);
/* A copy that may be changed. */
struct kai_span craft_copy(struct box_peer *peer, struct kai_span bytes);

void craft_push(struct box_peer *peer, const struct craft *craft);
/* Offers it; want is whether the node is to ask for it. */
void craft_offer(struct box_peer *peer, const struct craft *craft, bool want);
/* A chunk of a part from an offset; head with the first one. */
void craft_chunk(struct box_peer *peer, const struct craft *craft, const struct kai_chunk *chunk,
		 bool head);
/* The whole of a part in order, from an offset; last ends the item. */
void craft_chunks(struct box_peer *peer, const struct craft *craft, uint8_t index, bool head,
		  bool last);

#endif
