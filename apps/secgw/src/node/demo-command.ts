import { nodeEnvironment } from '@inline-ipsec/eal/node-environment';
import { runDemo } from '../demo/demo.ts';
import { demoText } from '../demo/demo-text.ts';

/** Runs the article's two tests; exit status 0 only if all is as expected. */
export function demoCommand({ json }: { readonly json: boolean }): number {
  const environment = nodeEnvironment();
  const result = runDemo(environment);
  environment.write('stdout', json ? `${JSON.stringify(result, null, 2)}\n` : demoText(result));
  return result.ok ? 0 : 1;
}
