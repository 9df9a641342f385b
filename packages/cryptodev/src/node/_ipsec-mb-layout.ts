/**
 * Where libIPSec_MB keeps what: offsets in bytes into `IMB_MGR` and `IMB_JOB`, and the numbers of its enumerations
 * (intel-ipsec-mb.h). They change from version to version, so there is one table for each version that has been tested.
 */

/** The functions of a manager that are called by pointer. */
export interface ManagerFunctions {
  readonly aesKeyExpansion: Readonly<Record<number, number>>;
  readonly gcmKeyExpansion: Readonly<Record<number, number>>;
  readonly xcbcKeyExpansion: number;
  readonly desKeySchedule: number;
  /** By hash: the compression function over one block, and the hash of a whole message. */
  readonly hashes: Readonly<Record<string, { readonly oneBlock: number; readonly whole: number }>>;
  readonly submitBurstNocheck: number;
  readonly flushBurst: number;
}

/** The fields of a job that are written or read. */
export interface JobLayout {
  readonly bytes: number;
  readonly encKeys: number;
  readonly decKeys: number;
  readonly keyLength: number;
  readonly source: number;
  readonly destination: number;
  readonly cipherOffset: number;
  readonly cipherLength: number;
  readonly hashOffset: number;
  readonly hashLength: number;
  readonly iv: number;
  readonly ivLength: number;
  readonly tag: number;
  readonly tagLength: number;
  /** Three words of 64 bits that mean what the hash algorithm makes of them: `u`. */
  readonly hashFields: number;
  readonly status: number;
  readonly cipherMode: number;
  readonly direction: number;
  readonly hashAlgorithm: number;
  readonly chainOrder: number;
}

/** One version of the library. */
export interface IpsecMbLayout {
  /** What `imb_get_version` gives. */
  readonly version: number;
  readonly name: string;
  /** What `imb_get_mb_mgr_size` gives. */
  readonly managerBytes: number;
  readonly usedArchitecture: number;
  readonly errno: number;
  /** Byte offset of the oldest job in the queue, or -1 when it is empty; an i32. */
  readonly earliestJob: number;
  /** Byte offset of the job that is submitted next; an i32. */
  readonly nextJob: number;
  /** The queue: a ring of jobs. */
  readonly jobs: number;
  readonly functions: ManagerFunctions;
  readonly job: JobLayout;
}

/** The job of version 1.3.0. What is written for every packet is told to the compiler by constants. */
export const SLOT_BYTES = 200;
export const SLOT_ENC_KEYS = 0;
export const SLOT_DEC_KEYS = 8;
export const SLOT_SOURCE = 24;
export const SLOT_DESTINATION = 32;
export const SLOT_CIPHER_LENGTH = 48;
export const SLOT_IV = 72;
export const SLOT_TAG = 88;
export const SLOT_HASH_FIELDS = 104;
export const SLOT_STATUS = 128;

/** These constants by name: a library of which one is not true cannot be written by them. */
export const SLOT_LAYOUT: Pick<
  JobLayout,
  'bytes' | 'encKeys' | 'decKeys' | 'source' | 'destination' | 'cipherLength' | 'iv' | 'tag' | 'hashFields' | 'status'
> = {
  bytes: SLOT_BYTES,
  encKeys: SLOT_ENC_KEYS,
  decKeys: SLOT_DEC_KEYS,
  source: SLOT_SOURCE,
  destination: SLOT_DESTINATION,
  cipherLength: SLOT_CIPHER_LENGTH,
  iv: SLOT_IV,
  tag: SLOT_TAG,
  hashFields: SLOT_HASH_FIELDS,
  status: SLOT_STATUS,
};

const V1_3_0: IpsecMbLayout = {
  version: 0x01_03_00,
  name: '1.3.0',
  managerBytes: 200_744,
  usedArchitecture: 56,
  errno: 60,
  earliestJob: 1016,
  nextJob: 1020,
  jobs: 1024,
  functions: {
    aesKeyExpansion: { 16: 112, 24: 120, 32: 128 },
    gcmKeyExpansion: { 16: 448, 24: 456, 32: 464 },
    xcbcKeyExpansion: 144,
    desKeySchedule: 152,
    hashes: {
      'hmac-sha1': { oneBlock: 160, whole: 208 },
      'hmac-sha256': { oneBlock: 176, whole: 224 },
      'hmac-sha384': { oneBlock: 184, whole: 232 },
      'hmac-sha512': { oneBlock: 192, whole: 240 },
    },
    submitBurstNocheck: 968,
    flushBurst: 976,
  },
  job: {
    ...SLOT_LAYOUT,
    keyLength: 16,
    cipherOffset: 40,
    hashOffset: 56,
    hashLength: 64,
    ivLength: 80,
    tagLength: 96,
    cipherMode: 132,
    direction: 136,
    hashAlgorithm: 140,
    chainOrder: 144,
  },
};

/** The versions that are known. */
export const IPSEC_MB_LAYOUTS: readonly IpsecMbLayout[] = [V1_3_0];

/** `IMB_CIPHER_…`, `IMB_AUTH_…`, `IMB_DIR_…`, `IMB_ORDER_…`, `IMB_STATUS_COMPLETED`: the same in all versions so far. */
export const CIPHER_CBC = 1;
export const CIPHER_CNTR = 2;
export const CIPHER_NULL = 3;
export const CIPHER_GCM = 5;
export const CIPHER_DES = 7;
export const CIPHER_CCM = 9;
export const CIPHER_DES3 = 10;
export const CIPHER_CHACHA20_POLY1305 = 19;
export const AUTH_HMAC_SHA_1 = 1;
export const AUTH_HMAC_SHA_256 = 3;
export const AUTH_HMAC_SHA_384 = 4;
export const AUTH_HMAC_SHA_512 = 5;
export const AUTH_AES_XCBC = 6;
export const AUTH_NULL = 8;
export const AUTH_AES_GMAC = 9;
export const AUTH_AES_CCM = 11;
export const AUTH_AES_GMAC_128 = 24;
export const AUTH_AES_GMAC_192 = 25;
export const AUTH_AES_GMAC_256 = 26;
export const AUTH_CHACHA20_POLY1305 = 29;
export const DIRECTION_ENCRYPT = 1;
export const DIRECTION_DECRYPT = 2;
export const ORDER_CIPHER_HASH = 1;
export const ORDER_HASH_CIPHER = 2;
export const JOB_COMPLETED = 3;

/** The most jobs that one burst may have (`IMB_MAX_BURST_SIZE`). */
export const MAX_BURST = 128;
/** The longest message of what the library works on in lanes, whose lengths have 16 bits. */
export const MAX_LANE_BYTES = 65_534;
/** The longest AAD of CCM. */
export const CCM_MAX_AAD = 46;
