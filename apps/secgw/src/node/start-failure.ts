import { SetupError } from '@inline-ipsec/eal/errors';
import { exitLines } from '@inline-ipsec/eal/exit-lines';
import { ConfigurationError } from '../configuration/configuration-error.ts';

/**
 * What is printed to stderr when the command fails for a reason that its user can put right; undefined when the fault is
 * the program's.
 */
export function startFailureText(error: unknown): string | undefined {
  if (error instanceof ConfigurationError) return `${error.message}\n`;
  if (error instanceof SetupError) return `${exitLines(1, error.message).join('\n')}\n`;
  return undefined;
}
