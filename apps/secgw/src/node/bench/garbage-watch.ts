import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { GarbageWatch } from '../../bench/setting.ts';

/** Long enough for the platform to have told of what was collected, in milliseconds. */
const TOLD = 50;

/**
 * Counts the garbage collections of this thread, as Node's performance hooks tell of them. What lies about from before is
 * collected first: it would be collected at some time while somebody else is watched.
 */
export function watchGarbage(): GarbageWatch {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  let scavenges = 0;
  let markCompacts = 0;
  const observer = new PerformanceObserver((list) => {
    // The type of an entry knows nothing of its detail.
    for (const entry of list.getEntries() as unknown as { detail: { kind: number } }[]) {
      const { kind } = entry.detail;
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR) scavenges++;
      else if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) markCompacts++;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    read: async () => {
      // Entries come by the event loop, which the measurement has kept waiting.
      await new Promise((resolve) => setTimeout(resolve, TOLD));
      const seen = { scavenges, markCompacts };
      scavenges = 0;
      markCompacts = 0;
      return seen;
    },
    close: () => observer.disconnect(),
  };
}
