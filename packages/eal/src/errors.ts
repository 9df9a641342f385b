/** The errno names that set-up errors carry, as DPDK's `rte_errno` would. */
export type Errno =
  | 'E2BIG'
  | 'EACCES'
  | 'EAGAIN'
  | 'EALREADY'
  | 'EBADMSG'
  | 'EBUSY'
  | 'EEXIST'
  | 'EINVAL'
  | 'EIO'
  | 'EMSGSIZE'
  | 'ENAMETOOLONG'
  | 'ENOBUFS'
  | 'ENODEV'
  | 'ENOENT'
  | 'ENOMEM'
  | 'ENOSPC'
  | 'ENOSYS'
  | 'ENOTSUP'
  | 'EOVERFLOW'
  | 'EPERM'
  | 'ERANGE';

/** What a {@link SetupError} is made of. */
export interface SetupErrorDetails {
  /** Stable and searchable: `ERR_` and upper case words, such as `ERR_MEMZONE_EXISTS`. */
  readonly code: `ERR_${string}`;
  /** The errno that the DPDK call of the same purpose gives. */
  readonly errno: Errno;
  /** One clause that says what is wrong, without a full stop. */
  readonly message: string;
  /** What would have been right. */
  readonly expected?: string | undefined;
  /** What was there instead. Never a key. */
  readonly got?: string | undefined;
  /** What the reader can do about it. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of set-up, in every package. The data path never throws.
 *
 * Its `message` reads `what is wrong: expected X, got Y; what to do`.
 */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  readonly code: `ERR_${string}`;
  readonly errno: Errno;
  readonly expected: string | undefined;
  readonly got: string | undefined;
  readonly remedy: string | undefined;

  constructor(details: SetupErrorDetails) {
    const { code, errno, message, expected, got, remedy, cause } = details;
    const facts = [expected === undefined ? '' : `expected ${expected}`, got === undefined ? '' : `got ${got}`]
      .filter((fact) => fact !== '')
      .join(', ');
    const text = [facts === '' ? message : `${message}: ${facts}`, remedy].filter((part) => part !== undefined);
    super(text.join('; '), cause === undefined ? undefined : { cause });
    this.code = code;
    this.errno = errno;
    this.expected = expected;
    this.got = got;
    this.remedy = remedy;
  }
}
