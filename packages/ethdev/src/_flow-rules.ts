import {
  type FlowAction,
  type FlowAttributes,
  type FlowCount,
  type FlowHandle,
  type FlowItem,
  type FlowOperations,
  flowError,
} from './flow.ts';
import { checkFlowRule } from './flow-check.ts';

/** The flow rules of one port: which there are, and what the driver calls them. */
export class FlowRules {
  readonly #who: string;
  readonly #flow: FlowOperations | undefined;
  readonly #rules = new Map<FlowHandle, unknown>();

  /** @param who the port, for messages */
  constructor(who: string, flow: FlowOperations | undefined) {
    this.#who = who;
    this.#flow = flow;
  }

  get handles(): FlowHandle[] {
    return [...this.#rules.keys()];
  }

  get count(): number {
    return this.#rules.size;
  }

  validate(
    attributes: FlowAttributes,
    pattern: readonly FlowItem[],
    actions: readonly FlowAction[],
    rxQueues: number,
  ): void {
    const flow = this.#operations();
    checkFlowRule(attributes, pattern, actions, { rxQueues });
    flow.validate(attributes, pattern, actions);
  }

  create(
    attributes: FlowAttributes,
    pattern: readonly FlowItem[],
    actions: readonly FlowAction[],
    rxQueues: number,
  ): FlowHandle {
    const flow = this.#operations();
    checkFlowRule(attributes, pattern, actions, { rxQueues });
    const rule = flow.create(attributes, pattern, actions);
    const handle: FlowHandle = { attributes: { ...attributes }, pattern: [...pattern], actions: [...actions] };
    this.#rules.set(handle, rule);
    return handle;
  }

  destroy(handle: FlowHandle): void {
    const flow = this.#operations();
    flow.destroy(this.#rule(handle));
    this.#rules.delete(handle);
  }

  flush(): void {
    this.#operations().flush();
    this.#rules.clear();
  }

  query(handle: FlowHandle, reset: boolean): FlowCount {
    const flow = this.#operations();
    const rule = this.#rule(handle);
    const action = handle.actions.find(({ type }) => type === 'count' || type === 'end');
    if (action?.type !== 'count') {
      throw flowError('ACTION', {
        errno: 'EINVAL',
        message: 'a flow rule without a count action cannot be queried',
        cause: handle.actions,
      });
    }
    if (flow.query === undefined) {
      throw flowError('ACTION', {
        errno: 'ENOTSUP',
        message: `${this.#who} does not count by flow rule`,
        cause: action,
      });
    }
    return flow.query(rule, action, reset);
  }

  isolate(on: boolean): void {
    const flow = this.#operations();
    if (flow.isolate === undefined) {
      throw flowError('UNSPECIFIED', { errno: 'ENOSYS', message: `${this.#who} has no isolated mode` });
    }
    flow.isolate(on);
  }

  /** Forgets all rules: the port is gone, and they with it. */
  forget(): void {
    this.#rules.clear();
  }

  #operations(): FlowOperations {
    if (this.#flow !== undefined) return this.#flow;
    throw flowError('UNSPECIFIED', {
      errno: 'ENOSYS',
      message: `${this.#who} has no flow rules`,
      remedy: 'leave the rule out, or use a port whose driver has some',
    });
  }

  #rule(handle: FlowHandle): unknown {
    if (this.#rules.has(handle)) return this.#rules.get(handle);
    throw flowError('HANDLE', {
      errno: 'EINVAL',
      message: `${this.#who} has no such flow rule`,
      remedy: 'rules are gone once destroyed, flushed, or when the port was stopped',
      cause: handle,
    });
  }
}
