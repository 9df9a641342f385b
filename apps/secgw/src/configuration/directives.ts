import { ConfigurationError } from './configuration-error.ts';
import { DirectiveReader, KEYWORDS, type ReadingState } from './directive-reader.ts';
import { readFlow } from './flow.ts';
import type { Directive } from './lexer.ts';
import { readNeigh } from './neigh.ts';
import { readRt } from './rt.ts';
import type { FlowRule, NeighbourRule, RouteRule, SaRule, SpRule } from './rules.ts';
import { readSa } from './sa.ts';
import { readSp } from './sp.ts';

/** Sends each directive to its grammar. */

/** Words after the keyword (DPDK: the `tokens[32]` of its parser). */
export const MAX_WORDS = 32;

/** Routes of one family (DPDK: `RT_IPV4_MAX_RULES`, `RT_IPV6_MAX_RULES`). */
export const MAX_ROUTES = 1024;

/** Flow rules (DPDK: `FLOW_RULES_MAX`). */
export const MAX_FLOWS = 128;

/** What the directives of a file have said so far. */
export interface Collected {
  readonly sps: SpRule[];
  readonly sas: SaRule[];
  readonly routes: RouteRule[];
  readonly neighbours: NeighbourRule[];
  readonly flows: FlowRule[];
}

/** Words that are an option of `sa` or `sp`, as they begin a line where a directive has ended too early. */
const CONTINUATIONS = ['mode', 'port_id', 'type', 'src', 'dst', 'cipher_algo', 'auth_algo', 'aead_algo', 'sport'];

/**
 * Reads one directive.
 *
 * @throws ConfigurationError
 */
export function readDirective(directive: Directive, state: ReadingState, into: Collected): void {
  const { keyword, words } = directive;
  const kind = keyword.oneOf(KEYWORDS);
  if (kind === undefined) throw unknownDirective(directive, state);
  const limited = words.length > MAX_WORDS ? tooManyWords(directive, state) : directive;
  switch (kind) {
    case 'sp':
      into.sps.push(readSp(limited, state));
      return;
    case 'sa': {
      const sa = readSa(limited, state);
      if (sa !== undefined) into.sas.push(sa);
      return;
    }
    case 'rt':
      addRoute(readRt(limited, state), into);
      return;
    case 'neigh':
      addNeighbour(readNeigh(limited, state), state, into);
      return;
    case 'flow':
      addFlow(readFlow(limited, state), state, into);
  }
}

function unknownDirective(directive: Directive, state: ReadingState): ConfigurationError {
  const reader = new DirectiveReader(directive, state);
  const { keyword } = directive;
  const near = reader.nearest(keyword, KEYWORDS);
  const option = keyword.oneOf(CONTINUATIONS);
  let remedy = near === undefined ? undefined : `did you mean "${near}"?`;
  if (option !== undefined) {
    remedy = `"${option}" belongs to the directive above, which has ended: end its last line in a backslash, with no empty line behind`;
  }
  return reader.error(keyword, {
    code: 'ERR_CONFIG_WORD',
    errno: 'EINVAL',
    message: `parsing ${keyword.quoted()} failed`,
    expected: `one of ${KEYWORDS.join(', ')}`,
    remedy,
  });
}

// DPDK reads the first 32 words of an `sa` and loses the others; for all other directives more are an error.
function tooManyWords(directive: Directive, state: ReadingState): Directive {
  const { keyword, words } = directive;
  const reader = new DirectiveReader(directive, state);
  const lost = words[MAX_WORDS];
  if (!keyword.is('sa')) {
    throw reader.error(lost, {
      code: 'ERR_CONFIG_LIMIT',
      errno: 'E2BIG',
      message: 'too many arguments',
      expected: `at most ${MAX_WORDS} words after "${keyword.text()}"`,
      got: `${words.length}`,
    });
  }
  const text = `too many arguments: words after the ${MAX_WORDS}nd are lost`;
  reader.warn(lost, 'WARN_LOST_WORDS', text);
  return { ...directive, words: words.slice(0, MAX_WORDS) };
}

function addRoute(route: RouteRule, into: Collected): void {
  const { place, family } = route;
  if (into.routes.filter((other) => other.family === family).length >= MAX_ROUTES) {
    throw new ConfigurationError({
      code: 'ERR_CONFIG_LIMIT',
      errno: 'ENOSPC',
      place,
      message: 'too many rt rules, abort insertion',
      expected: `at most ${MAX_ROUTES} ${family} routes`,
    });
  }
  into.routes.push(route);
}

function addNeighbour(neighbour: NeighbourRule, state: ReadingState, into: Collected): void {
  const { place, port } = neighbour;
  const earlier = into.neighbours.find((other) => other.port === port);
  if (earlier !== undefined) {
    const text = `this replaces the neighbour of port ${port} at line ${earlier.place.line}`;
    state.warnings.push({ ...place, code: 'WARN_REPLACED', text });
    into.neighbours.splice(into.neighbours.indexOf(earlier), 1);
  }
  into.neighbours.push(neighbour);
}

function addFlow(flow: FlowRule, state: ReadingState, into: Collected): void {
  if (into.flows.length < MAX_FLOWS) {
    into.flows.push(flow);
    return;
  }
  const text = `Too many flow rules: this one is passed over, the limit is ${MAX_FLOWS}`;
  state.warnings.push({ ...flow.place, code: 'WARN_LOST_FLOW', text });
}
