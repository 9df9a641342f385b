import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { watchGarbage } from './garbage-watch.ts';

const NONE = { scavenges: 0, markCompacts: 0 };

function collect(options?: { readonly type: 'minor' }): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')(options);
}

describe('the watch over garbage collections', () => {
  it('counts what began before it is read, each once', async () => {
    const watch = watchGarbage();
    await watch.read();
    collect();
    collect({ type: 'minor' });
    collect({ type: 'minor' });
    expect(await watch.read()).toEqual({ scavenges: 2, markCompacts: 1 });
    expect(await watch.read()).toEqual(NONE);
    watch.close();
  });

  it('does not count what begins while it waits to be told', async () => {
    const watch = watchGarbage();
    await watch.read();
    const reading = watch.read();
    collect();
    expect(await reading).toEqual(NONE);
    expect(await watch.read()).toEqual(NONE);
    watch.close();
  });
});
