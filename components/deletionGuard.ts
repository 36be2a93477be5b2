import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** Options of a component that put each of its resources, and theirs, into a set. */
export function collecting(
  made: Set<pulumi.Resource>,
  opts: pulumi.ComponentResourceOptions = {},
): pulumi.ComponentResourceOptions {
  const collect: pulumi.ResourceTransformation = ({ resource }) => {
    made.add(resource);
    return undefined;
  };
  return { ...opts, transformations: [...(opts.transformations ?? []), collect] };
}

/**
 * What has to go before anything else may: everything else is there before it. Pulumi refuses to delete what is protected
 * only when its turn comes, and the turn of tables comes last: a protected gate would lose all but them.
 */
export function guard(
  name: string,
  made: ReadonlySet<pulumi.Resource>,
  protect: boolean,
  opts: pulumi.CustomResourceOptions,
): void {
  const resources = [...made].filter((resource) => pulumi.CustomResource.isInstance(resource));
  new random.RandomId(
    `${name}-deletion-protection`,
    { byteLength: 1 },
    { ...opts, protect, dependsOn: resources },
  );
}
