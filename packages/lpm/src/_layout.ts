/**
 * How a route table lies in the memory, for the side that edits it and the side that reads it.
 *
 * The first 16 bits of an address choose one of 65,536 entries. An entry, here and in a group, is one of:
 *
 * - 0: no route;
 * - bits 31 and 30 clear: an answer, the length of its rule above and the next hop below;
 * - bit 30 alone: a leaf, the only rule from here on;
 * - bit 31: a group of 256 entries, chosen from by the next byte of the address; with bit 30 too, by a later byte, when the
 *   bytes until there are as the group says.
 */

// The header of a table: offsets in bytes.
/** u32: says which family the table is for. */
export const MAGIC = 0;
export const MAX_RULES = 4;
export const TBL8S = 8;
export const RULES_USED = 12;
export const TBL8S_USED = 16;
export const TBL8S_TOUCHED = 20;
export const FREE_TBL8 = 24;
export const LEAVES_TOUCHED = 28;
export const FREE_LEAF = 32;
/** u32: word of the first group. */
export const GROUPS = 36;
/** u32: word of the first leaf. */
export const LEAVES = 40;
/** u32: position of the rules. */
export const STORE = 44;
/** The first table. */
export const ROOT = 64;
export const ROOT_ENTRIES = 0x1_0000;
/** Behind it a mask of 16 bytes for each length from 0 to 128, for the leaves of IPv6. */
export const MASKS: number = ROOT + 4 * ROOT_ENTRIES;
/** Bytes from the beginning of a table to its first group. */
export const FIRST_GROUP: number = MASKS + 2112;

/** Set in every entry that is no answer. */
export const KINDS: number = 0xc000_0000 | 0;
export const LEAF = 0x4000_0000;
export const GROUP: number = 0x8000_0000 | 0;
export const SKIPPING_GROUP: number = 0xc000_0000 | 0;
/** The number of the leaf or group. */
export const NUMBER_MASK = 0xff_ffff;

// A node, in words from its beginning: what the address must have, as bytes in network order (1 word or 4); the answer when
// it does not. Then a leaf has the answer for when it does; a group has the number of the byte that chooses, the number of
// rules that end in that byte, and from GROUP_ENTRY on its entries. The mask says which bits the address must have, of a
// group the bytes that it skips. An IPv6 leaf has none, so that it fits into half a cache line: what it compares is as long
// as its rule, and MASKS has a mask for every length.
export const NODE_VALUE = 0;
export const GROUP_ENTRY = 16;
export const GROUP_WORDS: number = GROUP_ENTRY + 256;

/** What differs between the families. */
export interface Family {
  readonly magic: number;
  /** Before the name of its memzone. */
  readonly zonePrefix: string;
  /** Length of an address in bytes. */
  readonly bytes: number;
  /** Where the length begins in an answer; the next hop is below. */
  readonly depthShift: number;
  /** Words of a node. */
  readonly nodeElse: number;
  readonly nodeMask: number;
  readonly leafThen: number;
  readonly leafWords: number;
  readonly groupByte: number;
  readonly groupRules: number;
  /** Whether leaves have a mask of their own. */
  readonly leafMasks: boolean;
}

// The readers have these as constants.
export const NODE_ELSE_4 = 1;
export const LEAF_THEN_4 = 2;
export const GROUP_BYTE_4 = 2;
export const NODE_MASK_4 = 3;
export const LEAF_WORDS_4 = 4;
export const DEPTH_SHIFT_4 = 24;

export const NODE_ELSE_6 = 4;
export const LEAF_THEN_6 = 5;
export const GROUP_BYTE_6 = 5;
export const NODE_MASK_6 = 8;
export const LEAF_WORDS_6 = 8;
export const DEPTH_SHIFT_6 = 21;

export const FAMILY_4: Family = {
  magic: 0x344d504c,
  zonePrefix: 'LPM_',
  bytes: 4,
  depthShift: DEPTH_SHIFT_4,
  nodeElse: NODE_ELSE_4,
  nodeMask: NODE_MASK_4,
  leafThen: LEAF_THEN_4,
  leafWords: LEAF_WORDS_4,
  groupByte: GROUP_BYTE_4,
  groupRules: 4,
  leafMasks: true,
};

export const FAMILY_6: Family = {
  magic: 0x364d504c,
  zonePrefix: 'LPM6_',
  bytes: 16,
  depthShift: DEPTH_SHIFT_6,
  nodeElse: NODE_ELSE_6,
  nodeMask: NODE_MASK_6,
  leafThen: LEAF_THEN_6,
  leafWords: LEAF_WORDS_6,
  groupByte: GROUP_BYTE_6,
  groupRules: 6,
  leafMasks: false,
};
