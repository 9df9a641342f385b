/** How a policy table lies in the memory, for the side that builds it and the side that reads it. */

// The header of a table: offsets in bytes.
export const MAGIC = 0;
export const MAGIC_VALUE = 0x204c4341;
/** u32: 4 or 6. */
export const FAMILY = 4;
export const RULES = 8;
/** The entry that a search begins with. */
export const ROOT = 12;
/** u32: word of the userdata, one u32 a rule, by rank. */
export const USERDATA = 16;
/** u32: word of the masks of IPv6: four words for each length from 0 to 128. */
export const MASKS = 20;
export const TABLE_BYTES = 24;
export const HEADER_BYTES = 64;

// An entry is 0 for nothing, the word of a cut, or, with bit 31, the word of the first record of a leaf.
export const LEAF: number = 0x8000_0000 | 0;
export const LEAF_WORD = 0x7fff_ffff;

// A cut, in words. Two bytes of the packet, shifted and masked, choose from its entries.
/** Bits 0 to 5: bytes from the IP header to the two bytes; 6 to 9: shift; 10 and up: mask. */
export const CUT_WINDOW = 0;
/** An entry that is to be searched too. */
export const CUT_REST = 1;
/** The best rank in there. */
export const CUT_REST_RANK = 2;
export const CUT_ENTRIES = 4;
export const WINDOW_SHIFT_AT = 6;
export const WINDOW_MASK_AT = 10;
export const WINDOW_OFFSET_MASK = 63;
export const WINDOW_SHIFT_MASK = 15;

/** Cuts below each other, rests counted; so no more than this many rests ever wait. */
export const MAX_DEPTH = 48;

// A record is a rule, and a leaf a run of records in the order of their ranks. Addresses are words as they lie in a
// packet. Ports: low in the lower half, high in the upper.
/** Bits 0 to 30: the rank, 0 for the rule that wins over all others; bit 31 in the last record of a leaf. */
export const LAST: number = 0x8000_0000 | 0;
export const RANK_MASK = 0x7fff_ffff;

export const RECORD4_SRC = 0;
export const RECORD4_SRC_MASK = 1;
export const RECORD4_DST = 2;
export const RECORD4_DST_MASK = 3;
export const RECORD4_SPORT = 4;
export const RECORD4_DPORT = 5;
/** Value in bits 0 to 7, mask in bits 8 to 15. */
export const RECORD4_PROTO = 6;
export const RECORD4_RANK = 7;
export const RECORD4_WORDS = 8;

export const RECORD6_SRC = 0;
export const RECORD6_DST = 4;
/** Value in bits 0 to 7, mask in bits 8 to 15, length of src in bits 16 to 23, of dst in bits 24 to 31. */
export const RECORD6_PROTO = 8;
export const RECORD6_SPORT = 9;
export const RECORD6_DPORT = 10;
export const RECORD6_RANK = 11;
export const RECORD6_WORDS = 12;

// Where the fields are in a packet, in bytes from the IP header.
export const IP4_PROTO = 9;
export const IP4_SRC = 12;
export const IP4_DST = 16;
export const IP4_PORTS = 20;
export const IP6_PROTO = 6;
export const IP6_SRC = 8;
export const IP6_DST = 24;
export const IP6_PORTS = 40;
