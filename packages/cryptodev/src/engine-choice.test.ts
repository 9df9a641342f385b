import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { absentEngine, chooseEngine, type EngineCandidate, openEngineByName } from './engine-choice.ts';
import { createNobleEngine } from './noble-engine.ts';
import { createNullEngine } from './null-engine.ts';

const noble: EngineCandidate = { name: 'noble', create: createNobleEngine };
const broken: EngineCandidate = {
  name: 'broken',
  create: (memory) => {
    const engine = createNullEngine(memory);
    engine.process = () => 7;
    return engine;
  },
};

function memory(): Memory {
  return Memory.create({ bytes: 0x10_0000 });
}

describe('the choice of an engine', () => {
  it('takes the best one that opens and says of each better one why it is not it', () => {
    const { engine, refused } = chooseEngine(memory(), [absentEngine('ipsec-mb'), noble, absentEngine('later')]);
    expect(engine.name).toBe('noble');
    expect(refused).toEqual(['engine ipsec-mb is not used: engine ipsec-mb is not in this build']);
  });

  it('says nothing when the best one opens', () => {
    expect(chooseEngine(memory(), [noble, absentEngine('ipsec-mb')]).refused).toEqual([]);
  });

  it('passes over one that fails in any way', () => {
    const { engine, refused } = chooseEngine(memory(), [broken, noble]);
    expect(engine.name).toBe('noble');
    expect(refused[0]).toMatch(/^engine broken is not used: /);
  });

  it('gives all reasons when none opens', () => {
    expect(() => chooseEngine(memory(), [absentEngine('one'), absentEngine('two')])).toThrow(
      /^no crypto engine can be opened: .*engine one is not in this build.*engine two is not in this build/,
    );
    expect(() => chooseEngine(memory(), [])).toThrow(expect.objectContaining({ code: 'ERR_CRYPTO_NO_ENGINE' }));
  });

  it('opens an engine by name, or names those that there are', () => {
    const candidates = [absentEngine('ipsec-mb'), noble];
    expect(openEngineByName(memory(), candidates, 'noble').name).toBe('noble');
    expect(() => openEngineByName(memory(), candidates, 'ipsec-mb')).toThrow('engine ipsec-mb is not in this build');
    expect(() => openEngineByName(memory(), candidates, 'nobel')).toThrow(/expected ipsec-mb, noble, got nobel/);
  });
});
