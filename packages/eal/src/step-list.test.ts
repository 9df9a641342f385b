import { describe, expect, it } from 'vitest';
import { LCORE_ID_ANY } from './lcore.ts';
import { StepList, type Steppable } from './step-list.ts';

describe('the list of what is to be stepped', () => {
  function device(name: string, trail: string[]): Steppable {
    return {
      name,
      step: (budget) => {
        trail.push(`${name} ${budget}`);
        return 2;
      },
    };
  }

  it('steps the devices of an lcore and sums up what they did', () => {
    const trail: string[] = [];
    const steps = new StepList();
    steps.add(device('card 0', trail), 0);
    steps.add(device('card 1', trail), 3);
    steps.add(device('card 2', trail), 0);
    expect([steps.stepAll(0, 32), steps.stepAll(1, 32), steps.stepAll(3, 8), steps.stepAll(9, 8)]).toEqual([
      4, 0, 2, 0,
    ]);
    expect(trail).toEqual(['card 0 32', 'card 2 32', 'card 1 8']);
  });

  it('keeps devices that nobody owns apart until somebody does', () => {
    const trail: string[] = [];
    const steps = new StepList();
    steps.add(device('card', trail));
    expect([steps.ownerOf('card'), steps.stepAll(0, 1), steps.stepAll(LCORE_ID_ANY, 1)]).toEqual([LCORE_ID_ANY, 0, 2]);
    steps.assign('card', 5);
    expect([steps.ownerOf('card'), steps.stepAll(LCORE_ID_ANY, 1), steps.stepAll(5, 1)]).toEqual([5, 0, 2]);
    steps.assign('card', 0);
    expect([steps.stepAll(5, 1), steps.stepAll(0, 1)]).toEqual([0, 2]);
  });

  it('lists devices in the order in which they came, and forgets those that go', () => {
    const steps = new StepList();
    for (const name of ['a', 'b', 'c']) steps.add(device(name, []), 1);
    steps.assign('a', 2);
    expect(steps.devices().map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    steps.remove('b');
    expect(steps.devices().map(({ name }) => name)).toEqual(['a', 'c']);
    expect([steps.ownerOf('b'), steps.stepAll(1, 1)]).toEqual([undefined, 2]);
    steps.add(device('b', []));
  });

  it('refuses a name twice, and a name that it does not know', () => {
    const steps = new StepList();
    expect(() => steps.assign('a', 0)).toThrow(expect.objectContaining({ code: 'ERR_STEP_UNKNOWN', errno: 'ENODEV' }));
    steps.add(device('a', []));
    expect(() => steps.add(device('a', []))).toThrow(
      expect.objectContaining({ code: 'ERR_STEP_EXISTS', errno: 'EEXIST' }),
    );
    expect(() => steps.remove('b')).toThrow('no device b is to be stepped: expected a');
  });
});
