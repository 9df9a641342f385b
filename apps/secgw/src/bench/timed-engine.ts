import type { Engine, EngineFactory } from '@inline-ipsec/cryptodev/engine';
import type { Environment } from '@inline-ipsec/eal/environment';

/** Time spent in engines: whoever measures sets it to 0 and reads it later. */
export interface EngineTime {
  nanoseconds: number;
  calls: number;
}

/** Makes engines whose calls are timed, a look at the clock before and after each burst. */
export function timedEngine(create: EngineFactory, environment: Environment, time: EngineTime): EngineFactory {
  return (memory): Engine => {
    const engine = create(memory);
    return {
      name: engine.name,
      memory,
      capabilities: engine.capabilities,
      createSession: (transform) => engine.createSession(transform),
      destroySession: (session) => engine.destroySession(session),
      process: (jobs, count) => {
        const before = environment.now();
        const succeeded = engine.process(jobs, count);
        time.nanoseconds += environment.now() - before;
        time.calls++;
        return succeeded;
      },
      close: () => engine.close(),
    };
  };
}
