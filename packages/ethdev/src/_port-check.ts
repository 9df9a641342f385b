import { SetupError } from '@inline-ipsec/eal/errors';
import type { DescriptorLimits } from './driver.ts';

/** What a program asked of a port does not lie in what the device can do: the error names the nearest that does. */
export function checkLimit(code: `ERR_${string}`, message: string, got: number, min: number, max: number): void {
  if (Number.isInteger(got) && got >= min && got <= max) return;
  throw new SetupError({
    code,
    errno: 'EINVAL',
    message,
    expected: max < min ? 'none' : `${min} to ${max}`,
    got: String(got),
    remedy: max < min || Number.isNaN(got) ? undefined : `the nearest that works is ${got < min ? min : max}`,
  });
}

/** Offloads that were asked for but are not there. */
export function checkOffloads(who: string, wanted: number, has: number, names: (mask: number) => string[]): void {
  if (Number.isInteger(wanted) && wanted >= 0 && wanted <= 0xffffffff && (wanted & ~has) === 0) return;
  const valid = Number.isInteger(wanted) && wanted >= 0 && wanted <= 0xffffffff;
  throw new SetupError({
    code: 'ERR_PORT_OFFLOAD',
    errno: 'EINVAL',
    message: `${who} does not have all offloads that it is configured for`,
    expected: has === 0 ? 'none' : `no others than ${names(has).join(', ')}`,
    got: valid ? names(wanted & ~has).join(', ') : String(wanted),
    remedy: 'ask only for what info() names, and do the rest in software',
  });
}

/** The count of descriptors that a queue gets: what was asked for, if the device can do it (0 is its default). */
export function checkDescriptors(who: string, asked: number | undefined, limits: DescriptorLimits): number {
  const { min, max, align } = limits;
  const count = asked || (limits.preferred ?? 512);
  if (Number.isInteger(count) && count >= min && count <= max && count % align === 0) return count;
  throw new SetupError({
    code: 'ERR_PORT_DESCRIPTORS',
    errno: 'EINVAL',
    message: `${who} cannot have this many descriptors`,
    expected: `${min} to ${max}${align > 1 ? `, a multiple of ${align}` : ''}`,
    got: String(count),
    remedy: Number.isFinite(count)
      ? `the nearest that works is ${nearestDescriptors(count, limits)}, as adjustDescriptors says`
      : 'let adjustDescriptors choose the nearest count',
  });
}

/** The nearest count that the device can do: up to the alignment, then within its limits. */
export function nearestDescriptors(asked: number, limits: DescriptorLimits): number {
  const aligned = Math.ceil(asked / limits.align) * limits.align;
  return Math.max(Math.min(aligned, limits.max), limits.min);
}

/** What a port's driver has no function for. */
export function unsupported(who: string, what: string): SetupError {
  return new SetupError({ code: 'ERR_PORT_UNSUPPORTED', errno: 'ENOTSUP', message: `${who} cannot be given ${what}` });
}
