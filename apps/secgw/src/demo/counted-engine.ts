import type { Engine, EngineFactory } from '@inline-ipsec/cryptodev/engine';
import { JOB_AAD_LENGTH, JOB_BYTES, JOB_CIPHER_LENGTH } from '@inline-ipsec/cryptodev/job';

/** Bytes that a lookaside crypto device moved over its bus. */
export interface CountedBytes {
  read: number;
  written: number;
}

const TAG_BYTES = 16;
const NONCE_BYTES = 12;

/**
 * Makes AES-GCM engines that count what a device beside the way would have to fetch and to give back for every job: it
 * reads payload, AAD, nonce and, to verify, the tag; it writes payload and, when it enciphers, the tag.
 */
export function countedEngine(create: EngineFactory, bytes: CountedBytes): EngineFactory {
  return (memory): Engine => {
    const engine = create(memory);
    const directions = new Map<number, 'encrypt' | 'decrypt'>();
    return {
      name: engine.name,
      memory,
      capabilities: engine.capabilities,
      createSession: (transform) => {
        const session = engine.createSession(transform);
        directions.set(session, transform.direction);
        return session;
      },
      destroySession: (session) => engine.destroySession(session),
      process: (jobs, count) => {
        for (let i = 0; i < count; i++) {
          const job = jobs + i * JOB_BYTES;
          const payload = memory.u32[(job + JOB_CIPHER_LENGTH) >> 2];
          const decrypts = directions.get(memory.u32[job >> 2]) === 'decrypt';
          bytes.read += payload + memory.u32[(job + JOB_AAD_LENGTH) >> 2] + NONCE_BYTES + (decrypts ? TAG_BYTES : 0);
          bytes.written += payload + (decrypts ? 0 : TAG_BYTES);
        }
        return engine.process(jobs, count);
      },
      close: () => engine.close(),
    };
  };
}
