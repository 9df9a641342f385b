/**
 * Crypto jobs: what an engine is given. A job is {@link JOB_BYTES} bytes of the memory, all fields u32 in host order, and
 * a table of jobs is a run of them. Buffers are contiguous; a chain of segments is gathered by whoever makes the job.
 *
 * The session says algorithm, key, direction and tag length; a job says where. In DPDK this is a `struct rte_crypto_op`
 * with its `rte_crypto_sym_op` behind it.
 */

/** Length of a job in bytes. */
export const JOB_BYTES = 64;

/** The session, as `Engine.createSession` gave it. */
export const JOB_SESSION = 0;
/** Written by the engine: one of the `STATUS_` values. */
export const JOB_STATUS = 4;
/** Position of the buffer that is read. Cipher and auth offsets count from here. */
export const JOB_SOURCE = 8;
/** Position of the buffer that is written: the source's for work in place, else a place that does not overlap it. */
export const JOB_DESTINATION = 12;
/** Bytes from source (and destination) to the first byte that is enciphered or deciphered. */
export const JOB_CIPHER_OFFSET = 16;
/** Bytes to encipher or decipher. */
export const JOB_CIPHER_LENGTH = 20;
/** Bytes from the source to the first byte that is authenticated; without meaning for an AEAD. */
export const JOB_AUTH_OFFSET = 24;
/** Bytes to authenticate; without meaning for an AEAD. */
export const JOB_AUTH_LENGTH = 28;
/** Position of the whole IV or nonce as the algorithm takes it: 12 bytes for GCM (salt and wire IV), 16 for CBC and CTR. */
export const JOB_IV = 32;
/** Position of the AAD of an AEAD. */
export const JOB_AAD = 36;
/** Bytes of AAD. */
export const JOB_AAD_LENGTH = 40;
/**
 * Position of the tag (ICV): written when enciphering, compared with when deciphering, in a time that does not depend on
 * where the two differ. Not among the bytes of the cipher range.
 */
export const JOB_TAG = 44;
/** Not touched by any engine: whatever the caller wants to find again. */
export const JOB_USER = 48;

/** Done, and authentic (DPDK: `RTE_CRYPTO_OP_STATUS_SUCCESS`). */
export const STATUS_SUCCESS = 0;
/** Not looked at yet (DPDK: `RTE_CRYPTO_OP_STATUS_NOT_PROCESSED`). */
export const STATUS_NOT_PROCESSED = 1;
/** The tag does not fit (DPDK: `RTE_CRYPTO_OP_STATUS_AUTH_FAILED`). */
export const STATUS_AUTH_FAILED = 2;
/** No such session in this engine (DPDK: `RTE_CRYPTO_OP_STATUS_INVALID_SESSION`). */
export const STATUS_INVALID_SESSION = 3;
/** A length, an offset or a position that the algorithm or the memory does not allow (DPDK: `RTE_CRYPTO_OP_STATUS_INVALID_ARGS`). */
export const STATUS_INVALID_ARGS = 4;
/** The library failed (DPDK: `RTE_CRYPTO_OP_STATUS_ERROR`). */
export const STATUS_ERROR = 5;
