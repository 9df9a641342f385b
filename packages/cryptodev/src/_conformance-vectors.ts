import { type ConformanceCase, engineCase } from './_conformance-case.ts';
import { bytesOf } from './_hex.ts';
import { expectStatus, same } from './_job-bench.ts';
import { supports } from './capabilities.ts';
import type { AeadTransform } from './engine.ts';
import { STATUS_SUCCESS } from './job.ts';
import { readVectors, type VectorJson } from './vector.ts';
import nist3desCbc from './vectors/nist-3des-cbc.json' with { type: 'json' };
import nistAesCbc from './vectors/nist-aes-cbc.json' with { type: 'json' };
import nistCcm from './vectors/nist-ccm.json' with { type: 'json' };
import nistDesCbc from './vectors/nist-des-cbc.json' with { type: 'json' };
import nistGcmDecrypt128 from './vectors/nist-gcm-decrypt-128.json' with { type: 'json' };
import nistGcmDecrypt192 from './vectors/nist-gcm-decrypt-192.json' with { type: 'json' };
import nistGcmDecrypt256 from './vectors/nist-gcm-decrypt-256.json' with { type: 'json' };
import nistGcmEncrypt128 from './vectors/nist-gcm-encrypt-128.json' with { type: 'json' };
import nistGcmEncrypt192 from './vectors/nist-gcm-encrypt-192.json' with { type: 'json' };
import nistGcmEncrypt256 from './vectors/nist-gcm-encrypt-256.json' with { type: 'json' };
import nistGmac from './vectors/nist-gmac.json' with { type: 'json' };
import rfc2202HmacSha1 from './vectors/rfc2202-hmac-sha1.json' with { type: 'json' };
import rfc2410Null from './vectors/rfc2410-null.json' with { type: 'json' };
import rfc3566AesXcbcMac96 from './vectors/rfc3566-aes-xcbc-mac-96.json' with { type: 'json' };
import rfc3602AesCbc from './vectors/rfc3602-aes-cbc.json' with { type: 'json' };
import rfc3610Ccm from './vectors/rfc3610-ccm.json' with { type: 'json' };
import rfc3686AesCtr from './vectors/rfc3686-aes-ctr.json' with { type: 'json' };
import rfc4106GcmEsp from './vectors/rfc4106-gcm-esp.json' with { type: 'json' };
import rfc4231HmacSha256 from './vectors/rfc4231-hmac-sha256.json' with { type: 'json' };
import rfc4231HmacSha384 from './vectors/rfc4231-hmac-sha384.json' with { type: 'json' };
import rfc4231HmacSha512 from './vectors/rfc4231-hmac-sha512.json' with { type: 'json' };
import rfc4543GmacEsp from './vectors/rfc4543-gmac-esp.json' with { type: 'json' };
import rfc8439ChaCha20Poly1305 from './vectors/rfc8439-rfc7634-chacha20-poly1305.json' with { type: 'json' };

/** The files of vectors that come with this package. */
export const VECTOR_FILES: readonly VectorJson[] = [
  nistGcmEncrypt128,
  nistGcmEncrypt192,
  nistGcmEncrypt256,
  nistGcmDecrypt128,
  nistGcmDecrypt192,
  nistGcmDecrypt256,
  rfc4106GcmEsp,
  nistGmac,
  rfc4543GmacEsp,
  nistCcm,
  rfc3610Ccm,
  rfc8439ChaCha20Poly1305,
  nistAesCbc,
  rfc3602AesCbc,
  rfc3686AesCtr,
  nist3desCbc,
  nistDesCbc,
  rfc2410Null,
  rfc2202HmacSha1,
  rfc4231HmacSha256,
  rfc4231HmacSha384,
  rfc4231HmacSha512,
  rfc3566AesXcbcMac96,
];

function vectorCase(json: VectorJson): ConformanceCase {
  return engineCase(`${json.algorithm} answers as in ${json.source}`, (_engine, bench) => {
    const notApplicable: string[] = [];
    let checked = 0;
    for (const vector of readVectors(json).vectors) {
      let reason: string | undefined;
      try {
        reason = bench.answer(vector);
      } catch (cause) {
        throw new Error(`${vector.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
      if (reason === undefined) checked++;
      else notApplicable.push(`${vector.name}: ${reason}`);
    }
    return { checked, notApplicable };
  });
}

/** An ESP packet captured behind an 82599 in 2018, from its outer IPv4 header to its ICV. */
const CAPTURED = bytesOf(
  '4500008c0000000040321f16ac100105ac100205000003ed000000200000000000000020fd78c8f57fab4fb35b987e7981b0b4f2d796ccd4f0' +
    'a7b031bb9b9bdeaf18767e5d0f73e3bc824ea34afb00eb6d02a3677a3ac2dd6b6474c15d41bb457ac2c1e00fb85f737fcd4304e39632ea' +
    '228e22e54a3eea7288fb13a7e9409346445198cf97fd878c96f0f754',
);

const capturedCase = engineCase(
  'an ESP packet captured behind an 82599 is opened, and sealed again',
  (engine, bench) => {
    const transform: AeadTransform = {
      kind: 'aead',
      direction: 'decrypt',
      algorithm: 'aes-gcm',
      key: bytesOf('2b7e151628aed2a6abf7158809cf4f3d'),
      ivBytes: 12,
      tagBytes: 16,
    };
    if (!supports(engine, transform))
      return { checked: 0, notApplicable: [`engine ${engine.name} does not have aes-gcm`] };
    const esp = 20;
    const iv = new Uint8Array([...bytesOf('deadbeef'), ...CAPTURED.subarray(esp + 8, esp + 16)]);
    const aad = CAPTURED.subarray(esp, esp + 8);
    const cipherOffset = esp + 16;
    const cipherLength = CAPTURED.length - 16 - cipherOffset;
    const tag = CAPTURED.subarray(CAPTURED.length - 16);
    const source = CAPTURED.subarray(0, CAPTURED.length - 16);
    const opened = bench.once(transform, { source, iv, aad, cipherOffset, cipherLength, tag });
    expectStatus(opened.status, STATUS_SUCCESS);
    const inner = opened.output.subarray(cipherOffset);
    // IPv4, 84 bytes, 192.168.105.10 to itself; then padding 0 0, its length 2, and next header 4.
    same('inner header', inner.subarray(0, 4), bytesOf('45000054'));
    same('inner addresses', inner.subarray(12, 20), bytesOf('c0a8690ac0a8690a'));
    same('ESP trailer', inner.subarray(84), bytesOf('00000204'));
    const sealed = bench.once(
      { ...transform, direction: 'encrypt' },
      { source: opened.output, iv, aad, cipherOffset, cipherLength },
    );
    expectStatus(sealed.status, STATUS_SUCCESS);
    same('packet', sealed.output, source);
    same('ICV', sealed.tag, tag);
    return 2;
  },
);

export const VECTOR_CASES: readonly ConformanceCase[] = [...VECTOR_FILES.map(vectorCase), capturedCase];
