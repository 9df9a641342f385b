import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import { type Errno, SetupError } from '@inline-ipsec/eal/errors';
import type {
  IpsecOptions,
  IpsecTransform,
  SecuritySessionConfiguration,
} from '@inline-ipsec/security/session-configuration';
import type { SecurityDirections } from './security-block.ts';

/**
 * What of a session the card can do. It enciphers and verifies AES-128-GCM and AES-128-GMAC with ICVs of 16 bytes, and
 * knows nothing of sequence numbers, windows, tunnels or lifetimes. Whatever is refused is refused with the nearest thing
 * that works.
 */

const KEY_BYTES = 16;
const SALT_BYTES = 4;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;

/** What is left of a configuration that the card can do. */
export interface CheckedSession {
  readonly ipsec: IpsecTransform;
  /** 16 bytes. The caller's: copy it. */
  readonly key: Uint8Array;
  /** False for GMAC. */
  readonly encrypted: boolean;
}

/**
 * Checks a session configuration against the card and against the port's configuration.
 *
 * @param enabled the directions that the port is configured to offload
 * @throws SetupError `ERR_IXGBE_SESSION` (EINVAL, ENOTSUP), `ERR_IXGBE_ALGORITHM`, `ERR_IXGBE_KEY` (ENOTSUP)
 */
export function checkSession(
  { action, protocol, ipsec, crypto }: SecuritySessionConfiguration,
  enabled: SecurityDirections,
): CheckedSession {
  if (action !== 'inline-crypto') {
    throw refusal('ENOTSUP', {
      message: 'the 82599 enciphers and verifies, and leaves the rest of ESP to software',
      expected: 'action inline-crypto',
      got: action,
      remedy: 'use inline-crypto, with ESP put on and taken off in software',
    });
  }
  if (protocol !== 'ipsec') {
    throw refusal('ENOTSUP', {
      message: 'the 82599 offloads IPsec only',
      expected: 'protocol ipsec',
      got: protocol,
      remedy: 'use protocol ipsec, or do it in software',
    });
  }
  if (ipsec === undefined) {
    throw refusal('EINVAL', {
      message: 'a session for IPsec has no IPsec parameters',
      expected: 'ipsec: { … }',
      remedy: 'give it spi, salt, direction, proto and mode',
    });
  }
  if (ipsec.proto !== 'esp') {
    throw refusal('ENOTSUP', {
      message: 'this driver offloads ESP only',
      expected: 'proto esp',
      got: ipsec.proto,
      remedy: 'for integrity without encryption use ESP with aes-gmac',
    });
  }
  checkDirection(ipsec, crypto, enabled);
  checkSpi(ipsec.spi);
  checkExtras(ipsec);
  const { key, encrypted } = checkAlgorithm(crypto);
  if (ipsec.salt.length !== SALT_BYTES) {
    throw refusal('EINVAL', {
      message: 'the salt of AES-GCM and AES-GMAC has four bytes (RFC 4106, RFC 4543)',
      expected: `${SALT_BYTES} bytes`,
      got: `${ipsec.salt.length} bytes`,
      remedy: 'give the four bytes that the peer has; in a configuration file they are the last of aead_key',
    });
  }
  return { ipsec, key, encrypted };
}

function checkDirection(ipsec: IpsecTransform, crypto: CryptoTransform, enabled: SecurityDirections): void {
  const ingress = ipsec.direction === 'ingress';
  if (!(ingress ? enabled.receive : enabled.transmit)) {
    throw refusal('ENOTSUP', {
      message: `the port is not configured for inline IPsec ${ingress ? 'in' : 'out'}`,
      expected: `${ingress ? 'RX' : 'TX'}_OFFLOAD_SECURITY among its offloads`,
      remedy: 'configure the port with it, before sessions are made',
    });
  }
  const fits = ingress ? 'decrypt' : 'encrypt';
  if (crypto.direction === fits) return;
  throw refusal('EINVAL', {
    message: `the direction of the ${ipsec.direction} session's transform is wrong`,
    expected: fits,
    got: crypto.direction,
    remedy: `use direction ${fits}, or a session for ${ingress ? 'egress' : 'ingress'}`,
  });
}

function checkSpi(spi: number): void {
  if (Number.isInteger(spi) && spi > 0 && spi <= 0xffff_ffff) return;
  throw refusal('EINVAL', {
    message: 'an SA cannot have this SPI',
    expected: '1 to 4294967295 (0 never goes over a wire, RFC 4303 2.1)',
    got: String(spi),
    remedy: 'use 256 or more: those below are reserved by IANA',
  });
}

/** Why the card lacks an option that people look for, and what works; the words of a configuration file are named. */
const LACKING: { readonly [Option in keyof IpsecOptions]?: { readonly limit: string; readonly remedy: string } } = {
  esn: {
    limit: 'it adds no high sequence number to what it authenticates',
    remedy: 'leave esn out, for sequence numbers of 32 bits on both sides',
  },
  udpEncap: {
    limit: 'it does IPsec for ESP right behind an IP header, never for ESP in UDP',
    remedy: 'leave udp-encap out, for ESP without UDP by the card or by type no-offload',
  },
};

/** What a session may ask for beyond cipher and ICV: nothing. */
function checkExtras({ options = {}, replayWindowSize = 0, life = {} }: IpsecTransform): void {
  for (const [option, value] of Object.entries(options) as [keyof IpsecOptions, unknown][]) {
    if (value === undefined || value === false || value === 'none') continue;
    const message = `the 82599 does not have the option ${option}`;
    const { limit, remedy } = LACKING[option] ?? {};
    throw refusal('ENOTSUP', {
      message: limit === undefined ? message : `${message}: ${limit}`,
      remedy: remedy ?? 'leave it out and do it in software, or use a session that is not offloaded to the card',
    });
  }
  if (replayWindowSize !== 0) {
    throw refusal('ENOTSUP', {
      message: 'the 82599 keeps no replay window',
      expected: 'replayWindowSize 0',
      got: String(replayWindowSize),
      remedy: 'check the window in software, which sees every packet',
    });
  }
  const limit = Object.entries(life).find(([, value]) => value !== undefined && value !== 0);
  if (limit !== undefined) {
    throw refusal('ENOTSUP', {
      message: `the 82599 does not count towards ${limit[0]}`,
      expected: `${limit[0]} 0, or none`,
      got: String(limit[1]),
      remedy: 'leave it out and count in software, which sees every packet',
    });
  }
}

function checkAlgorithm(crypto: CryptoTransform): { key: Uint8Array; encrypted: boolean } {
  if (crypto.kind === 'aead') {
    const { algorithm, key, tagBytes, ivBytes } = crypto;
    if (algorithm !== 'aes-gcm') {
      throw unsupported(`${nameOf(algorithm, key)}: the 82599 has AES-128-GCM and AES-128-GMAC only`);
    }
    checkLengths('AES', 'GCM', 'aes-128-gcm', key, tagBytes);
    if (ivBytes !== NONCE_BYTES) {
      throw refusal('ENOTSUP', {
        message: 'the 82599 has nonces of salt and eight bytes of IV only',
        expected: `ivBytes ${NONCE_BYTES}`,
        got: String(ivBytes),
        remedy: `use ivBytes ${NONCE_BYTES}, or type no-offload`,
      });
    }
    return { key, encrypted: true };
  }
  const { cipher, auth } = crypto;
  if (auth.algorithm === 'aes-gmac' && cipher.algorithm === 'null') {
    checkLengths('AES', 'GMAC', 'aes-gmac with 16 bytes', auth.key, auth.tagBytes);
    return { key: auth.key, encrypted: false };
  }
  const chain = `${nameOf(cipher.algorithm, cipher.key)} with ${nameOf(auth.algorithm, auth.key)}`;
  throw unsupported(`${chain}: the 82599 has AES-128-GCM and AES-128-GMAC only`);
}

function checkLengths(cipher: string, mode: string, nearest: string, key: Uint8Array, tagBytes: number): void {
  if (key.length !== KEY_BYTES) {
    throw new SetupError({
      code: 'ERR_IXGBE_KEY',
      errno: 'ENOTSUP',
      message: `${cipher}-${key.length * 8}-${mode}: the 82599 has AES-128 only`,
      remedy: `use type no-offload, or ${nearest}`,
    });
  }
  if (tagBytes === TAG_BYTES) return;
  throw new SetupError({
    code: 'ERR_IXGBE_ALGORITHM',
    errno: 'ENOTSUP',
    message: `${cipher}-128-${mode} with an ICV of ${tagBytes} bytes: the 82599 makes and verifies 16 bytes only`,
    remedy: `use type no-offload, or an ICV of ${TAG_BYTES} bytes`,
  });
}

/** `AES-256-CBC`, `HMAC-SHA1`: as people write an algorithm, with the bits of an AES key. */
function nameOf(algorithm: string, key: Uint8Array): string {
  const name = algorithm.toUpperCase();
  return name.startsWith('AES-') && key.length > 0 ? `AES-${key.length * 8}-${name.slice(4)}` : name;
}

function unsupported(message: string): SetupError {
  return new SetupError({
    code: 'ERR_IXGBE_ALGORITHM',
    errno: 'ENOTSUP',
    message,
    remedy: 'use type no-offload, or aes-128-gcm',
  });
}

function refusal(
  errno: Errno,
  details: { message: string; expected?: string; got?: string; remedy?: string },
): SetupError {
  return new SetupError({ code: 'ERR_IXGBE_SESSION', errno, ...details });
}
