import type { Memory } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import { admitRunLoop } from './receive-admit.ts';
import { copyShortLoop, placeRunLoop, writeBackRunLoop } from './receive-deliver.ts';
import { prepareDecryptionRunLoop } from './security-receive.ts';
import { prepareEncryptionRunLoop } from './security-transmit.ts';
import { finishRunLoop } from './transmit-finish.ts';
import { lendRunLoop } from './transmit-runs.ts';

/**
 * The hottest loops of the silicon, closed over the views of a memory; all cards in it have them in common. What each does
 * stands where it is made.
 */
export interface CardLoops {
  readonly admitRun: ReturnType<typeof admitRunLoop>;
  readonly placeRun: ReturnType<typeof placeRunLoop>;
  readonly copyShort: ReturnType<typeof copyShortLoop>;
  readonly writeBackRun: ReturnType<typeof writeBackRunLoop>;
  readonly prepareDecryptionRun: ReturnType<typeof prepareDecryptionRunLoop>;
  readonly prepareEncryptionRun: ReturnType<typeof prepareEncryptionRunLoop>;
  readonly lendRun: ReturnType<typeof lendRunLoop>;
  readonly finishRun: ReturnType<typeof finishRunLoop>;
}

/** The loops of a memory, made once. */
export const cardLoops: (memory: Memory) => CardLoops = oncePerMemory((memory) => ({
  admitRun: admitRunLoop(memory),
  placeRun: placeRunLoop(memory),
  copyShort: copyShortLoop(memory),
  writeBackRun: writeBackRunLoop(memory),
  prepareDecryptionRun: prepareDecryptionRunLoop(memory),
  prepareEncryptionRun: prepareEncryptionRunLoop(memory),
  lendRun: lendRunLoop(memory),
  finishRun: finishRunLoop(memory),
}));
