import { constants, PerformanceObserver, performance } from 'node:perf_hooks';
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
  const begun: { readonly kind: number; readonly at: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    // The type of an entry knows nothing of its detail.
    const entries = list.getEntries() as unknown as { detail: { kind: number }; startTime: number }[];
    for (const { detail, startTime } of entries) begun.push({ kind: detail.kind, at: startTime });
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    read: async () => {
      // Entries come by the event loop, which the measurement has kept waiting; and so do collections that the engine had put
      // off until there is nothing to do. Those begin now, and are nothing of what was measured.
      const end = performance.now();
      await new Promise((resolve) => setTimeout(resolve, TOLD));
      const seen = begun.splice(0).filter(({ at }) => at < end);
      const count = (wanted: number) => seen.filter(({ kind }) => kind === wanted).length;
      return {
        scavenges: count(constants.NODE_PERFORMANCE_GC_MINOR),
        markCompacts: count(constants.NODE_PERFORMANCE_GC_MAJOR),
      };
    },
    close: () => observer.disconnect(),
  };
}
