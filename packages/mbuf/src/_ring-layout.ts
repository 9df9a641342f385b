/**
 * Where the words of a ring lie, in bytes from its position (DPDK: `struct rte_ring`).
 *
 * What never changes, what producers write, and what consumers write are two cache lines apart each, so that neither a
 * shared line nor the prefetch of its neighbour makes one side wait for the other.
 */

/** The name, padded with zeros to 32 bytes. */
export const RING_NAME = 0;
export const RING_NAME_BYTES = 32;
/** u32: {@link RING_MAGIC_VALUE} once the ring can be used. */
export const RING_MAGIC = 32;
/** u32: slots less one; slots are a power of two. */
export const RING_MASK = 36;
/** u32: how many elements it takes. */
export const RING_CAPACITY = 40;
/** u32: one of the `SYNC_` values. */
export const RING_PRODUCER_SYNC = 44;
/** u32: one of the `SYNC_` values. */
export const RING_CONSUMER_SYNC = 48;
/** u32: words of an element, 1 in most rings. */
export const RING_ELEMENT_WORDS = 52;

/** u32, free-running: where the next producer begins. */
export const RING_PRODUCER_HEAD = 128;
/** u32, free-running: up to here consumers may take. */
export const RING_PRODUCER_TAIL = 132;
/** u32, free-running: where the next consumer begins. */
export const RING_CONSUMER_HEAD = 256;
/** u32, free-running: up to here producers may write anew. */
export const RING_CONSUMER_TAIL = 260;

/** Length of the header; the slots follow. */
export const RING_HEADER_BYTES = 384;

export const RING_MAGIC_VALUE = 0x474e_4952;

/** Any number of threads at once: a compare-and-swap claims, tails are published in the order of the claims. */
export const SYNC_MULTI = 0;
/** One thread only. */
export const SYNC_SINGLE = 1;
/** Any number of threads, one after the other: a claim waits until the one before is published. */
export const SYNC_SERIAL = 2;
