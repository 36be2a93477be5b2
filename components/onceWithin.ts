import * as pulumi from "@pulumi/pulumi";

/**
 * Options of a gate's parts. They were children of a component for each group, until it was found that components are
 * counted and billed as resources are; a stack of before has them under that component.
 */
export function onceWithin(
  type: string,
  name: string,
  opts: pulumi.CustomResourceOptions = {},
): pulumi.CustomResourceOptions {
  const before = pulumi.createUrn(name, `pagerduty-approval-gate:index:${type}`, opts.parent);
  return { ...opts, aliases: [{ parent: before }] };
}
