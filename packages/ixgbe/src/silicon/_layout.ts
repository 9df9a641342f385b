import { alignUp } from '@inline-ipsec/eal/memory';
import { IPSRX_IP_ENTRIES, IPSRX_SA_ENTRIES, IPSTX_SA_ENTRIES } from '../descriptors.ts';
import { COUNTER_BYTES } from './counters.ts';

/**
 * Where a card's state lies in its memzone: bytes from the zone's beginning, everything u32 but where it says otherwise.
 * Nothing that outlives a step is kept anywhere else, so that another thread can take the card over.
 */

/** Queues each way. */
export const QUEUES = 128;
/** Frames that each packet buffer holds, and the largest batch. */
export const SLOTS = 64;
/**
 * Bytes from one frame's place to the next. An odd number of cache lines, so that frames do not fall on the same sets of
 * a cache.
 */
export const SLOT_BYTES: number = 259 * 64;
/** A frame begins 2 modulo 4 bytes into its place, so that its IP header is aligned. */
export const SLOT_OFFSET = 2;
/** The longest frame that a place holds, in bytes. */
export const SLOT_ROOM: number = 16 * 1024;

/** What settle has to look at: a mask of the MARK_ bits. */
export const MARKS = 0;
/** Frames in the receive packet buffer that are still waiting for a descriptor. */
export const RX_HELD = 4;
/** Frames in the transmit packet buffer that the wire has not taken yet. */
export const TX_HELD = 8;
/** Entries of {@link RX_ACTIVE}. */
export const RX_ACTIVE_COUNT = 12;
/** Entries of {@link TX_ACTIVE}. */
export const TX_ACTIVE_COUNT = 16;
/** The entry of {@link TX_ACTIVE} that the next batch begins with. */
export const TX_TURN = 20;
/** Entries of {@link FILTERS}. */
export const FILTER_COUNT = 24;
/** 1 when the look-up tables do not fit the SA tables any more. */
export const LOOKUP_STALE = 28;
/** The longest frame that is received, in bytes without FCS and VLAN tag. */
export const RX_MAX_FRAME = 32;
/** LINKS as the interrupt causes last knew it. */
export const LAST_LINKS = 36;
/** What is to be done to frames between filters and queue: a mask of the STEER_ bits, 0 as a rule. */
export const RX_STEER = 40;
/** How many frames of the longest kind the receive packet buffer has room for, {@link SLOTS} at most. */
export const RX_PLACES = 44;
/** The longest frame that the receive packet buffer has room for, in bytes with FCS. */
export const RX_ROOM = 68;
/** float64: frames that the wire says it lost, as of the last step. */
export const WIRE_MISSED = 48;
/** float64: when the table command under way is done, in the environment's nanoseconds. */
export const COMMAND_DUE = 56;
/** float64: when the SA tables may be used after a reset, in the environment's nanoseconds. */
export const TABLES_READY = 72;

/** Four words that stay 0. */
export const ZERO_KEY = 80;
/** float64 each: the model-only counters. */
export const COUNTERS = 128;
/** Receive queues: {@link QUEUE_BYTES} each. */
export const RX_QUEUES: number = alignUp(COUNTERS + COUNTER_BYTES, 64);
/** Transmit queues. */
export const TX_QUEUES: number = RX_QUEUES + QUEUES * 64;
/** Numbers of the receive queues that run. */
export const RX_ACTIVE: number = TX_QUEUES + QUEUES * 64;
/** Numbers of the transmit queues that run. */
export const TX_ACTIVE: number = RX_ACTIVE + QUEUES * 4;
/** What transmit queues have to write back yet, while WTHRESH makes them gather: {@link WRITE_BACK_BYTES} each. */
export const TX_WRITE_BACK: number = TX_ACTIVE + QUEUES * 4;
/** Exact address filters: bytes 0–1 of the address, then bytes 2–5, as they lie in a frame. */
export const FILTERS: number = TX_WRITE_BACK + QUEUES * 16;
/** Positions of the receive packet buffer's places, held frames first. */
export const RX_AT: number = FILTERS + 128 * 8;
/** Positions of the frames of a batch that the wire lends. */
export const RX_LENT: number = RX_AT + SLOTS * 4;
/** Lengths of the frames of a batch, wherever they lie. */
export const RX_LENGTHS: number = RX_LENT + SLOTS * 4;
/** Positions of the transmit packet buffer's places, held frames first. */
export const TX_AT: number = RX_LENGTHS + SLOTS * 4;
/** Lengths of the frames there. */
export const TX_LENGTHS: number = TX_AT + SLOTS * 4;
/** Where {@link TX_AT} has a place of the host: the packet buffer's place instead of it. 0 where it has that itself. */
export const TX_HOMES: number = TX_LENGTHS + SLOTS * 4;
/** What is known of each frame of a receive batch: {@link FRAME_BYTES} each. */
export const FRAMES: number = TX_HOMES + SLOTS * 4;
/** Which frame of the batch each crypto job is for. */
export const JOB_FRAMES: number = FRAMES + SLOTS * 64;
/** Crypto jobs of a batch. */
export const JOBS: number = alignUp(JOB_FRAMES + SLOTS * 4, 64);
/** Their nonces, 16 bytes each of which 12 are used. */
export const NONCES: number = JOBS + SLOTS * 64;
/** The transmit SA table: {@link SA_BYTES} each. */
export const TX_SA: number = NONCES + SLOTS * 16;
/** The receive key table. */
export const RX_SA: number = TX_SA + IPSTX_SA_ENTRIES * 32;
/** The receive SPI table: SPI, IP index. */
export const RX_SPI: number = RX_SA + IPSRX_SA_ENTRIES * 32;
/** The receive IP address table: four words each. */
export const RX_IP: number = RX_SPI + IPSRX_SA_ENTRIES * 8;
/** Look-up: heads of chains of SPI entries (index + 1, 0 for none). */
export const SPI_HEADS: number = RX_IP + IPSRX_IP_ENTRIES * 16;
/** How many chains, a power of two. */
export const SPI_CHAINS = 2048;
/** Look-up: the next in an SPI entry's chain. */
export const SPI_NEXT: number = SPI_HEADS + SPI_CHAINS * 4;
/** Look-up: heads of chains of IP entries. */
export const IP_HEADS: number = SPI_NEXT + IPSRX_SA_ENTRIES * 4;
/** How many chains, a power of two. */
export const IP_CHAINS = 256;
/** Look-up: the next in an IP entry's chain. */
export const IP_NEXT: number = IP_HEADS + IP_CHAINS * 4;
/** What each value of each byte that can be hashed gives to the RSS hash: 256 words a byte. */
export const HASH_TABLE: number = alignUp(IP_NEXT + IPSRX_IP_ENTRIES * 4, 64);
/** The most bytes that are hashed: two IPv6 addresses and two ports. */
export const HASH_BYTES = 36;
/** Length of the state. */
export const STATE_BYTES: number = HASH_TABLE + HASH_BYTES * 1024;

/** Bytes of a queue's state, either way. */
export const QUEUE_BYTES = 64;
/** Of a queue: position of its ring, 0 when it does not run. */
export const QUEUE_RING = 0;
/** Of a queue: descriptors in its ring. */
export const QUEUE_COUNT = 4;
/** Of a queue: the descriptor that is next, as the card fetches ahead of what it has reported. */
export const QUEUE_NEXT = 8;
/** Of a queue: which of the 16 sets of statistics it counts in. */
export const QUEUE_STATISTICS = 12;
/** Of a queue: its bit in EICR, 0 when it has none. */
export const QUEUE_CAUSE = 16;
/** Of a receive queue: bytes of a buffer. */
export const QUEUE_BUFFER = 20;
/** Of a queue: 1 while its ENABLE bit is set, whether it can run or not. */
export const QUEUE_ENABLED = 24;
/** Of a receive queue: RX_QUEUE_ flags. */
export const QUEUE_FLAGS = 28;
/** Of a transmit queue: bytes behind the headers of the packet at {@link QUEUE_NEXT} that have left in segments (TSO). */
export const QUEUE_SEGMENTED = 28;
/** Of a transmit queue: its two contexts, four dwords each. */
export const QUEUE_CONTEXTS = 32;

/** Bytes of a transmit queue's entry in {@link TX_WRITE_BACK}. */
export const WRITE_BACK_BYTES = 16;
/** Of such an entry: the first descriptor that is not written back. */
export const WRITE_BACK_FROM = 0;
/** Of such an entry: descriptors that are done, from there on. */
export const WRITE_BACK_PENDING = 4;
/** Of such an entry, float64: when they are written back in any case, in the environment's nanoseconds. */
export const WRITE_BACK_DUE = 8;

/** Bytes of an entry of the transmit SA table and of the receive key table. */
export const SA_BYTES = 32;
/** Of an SA: the key as the four KEY registers held it. */
export const SA_KEY = 0;
/** Of an SA: the salt as the SALT register held it. */
export const SA_SALT = 16;
/** Of an SA: the salt as it begins a nonce. */
export const SA_NONCE = 20;
/** Of an SA: its session with the engine, 0 for none. */
export const SA_SESSION = 24;
/** Of a receive SA: IPSRXMOD. */
export const SA_MODE = 28;

/** Bytes of what is known of a frame in a batch. */
export const FRAME_BYTES = 64;
/** Of a frame: packet type bits for the descriptor. */
export const FRAME_INFO = 0;
/** Of a frame: status and error bits for the descriptor. */
export const FRAME_STATUS = 4;
/** Of a frame: bytes from its beginning to its IP header. */
export const FRAME_L3 = 8;
/** Of a frame: bytes from its beginning to what the IP header carries. */
export const FRAME_PAYLOAD = 12;
/** Of a frame: bytes from its beginning to the end of the IP packet. */
export const FRAME_END = 16;
/** Of a frame: FRAME_ flags. */
export const FRAME_FLAGS = 20;
/** Of a frame: its queue, or {@link NO_QUEUE} when it is dropped. */
export const FRAME_QUEUE = 24;
/** Of a frame: its first descriptor's number. */
export const FRAME_DESCRIPTOR = 28;
/** Of a frame: how many descriptors it takes. */
export const FRAME_DESCRIPTORS = 32;
/** Of a frame: where its bytes go, if they go to one buffer; else 0. */
export const FRAME_HOST = 36;
/** Of a frame: where its bytes are to be taken from. */
export const FRAME_SOURCE = 40;
/** Of a frame: its receive SA. */
export const FRAME_SA = 44;
/** Of a frame: its RSS hash, 0 without one. */
export const FRAME_HASH = 48;
/** Of a frame: its VLAN tag in the upper half, where a descriptor has it; the lower half is 0. */
export const FRAME_TAG = 52;

/** Of {@link FRAME_FLAGS}: IPv6. */
export const FRAME_IPV6 = 1;
/** Of {@link FRAME_FLAGS}: the security block may look at it: ESP or AH right behind a plain IP header. */
export const FRAME_CANDIDATE = 2;
/** Of {@link FRAME_FLAGS}: AH, not ESP. */
export const FRAME_AH = 4;
/** Of {@link FRAME_FLAGS}: the IP packet says that it is longer than the frame. */
export const FRAME_CUT = 8;
/** {@link FRAME_QUEUE} of a frame that is not delivered. */
export const NO_QUEUE = 0xffff_ffff;

/** Of {@link QUEUE_FLAGS}: VLAN tags are taken off. */
export const RX_QUEUE_STRIP = 1;
/** Of {@link QUEUE_FLAGS}: descriptors are written back in the legacy format. */
export const RX_QUEUE_LEGACY = 2;

/** Of {@link RX_STEER}: frames are spread by RSS. */
export const STEER_RSS = 1;
/** Of {@link RX_STEER}: EtherType filters choose queues. */
export const STEER_ETHERTYPE = 2;
/** Of {@link RX_STEER}: there are queues that take VLAN tags off. */
export const STEER_STRIP = 4;

/** CTRL was written: reset, master disable. */
export const MARK_CONTROL = 1;
/** A read of the EEPROM was asked for. */
export const MARK_EEPROM = 2;
/** A command for the transmit SA table. */
export const MARK_TX_TABLE = 4;
/** A command for the receive tables. */
export const MARK_RX_TABLE = 8;
/** Address filters. */
export const MARK_FILTERS = 16;
/** Queues, rings, receive and transmit enable. */
export const MARK_QUEUES = 32;
/** The security block's control registers. */
export const MARK_SECURITY = 64;
/** Frame sizes. */
export const MARK_LIMITS = 128;
/** Link set-up. */
export const MARK_LINK = 256;
/** What chooses receive queues: RSS, EtherType filters. */
export const MARK_STEERING = 512;
/** What is done before the next register is written, so that posted writes take effect in order. */
export const MARKS_IN_ORDER: number = MARK_CONTROL | MARK_EEPROM | MARK_TX_TABLE | MARK_RX_TABLE;
