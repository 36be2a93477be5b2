/**
 * Stands in for `@aws-sdk/credential-provider-node` in the bundles. Lambda hands a function its role's credentials in the
 * environment; the sources that come after it in the default chain (profiles, single sign-on, web identity, metadata
 * services) hold a sixth of the receiver's code and would only delay the error when the environment has none.
 */
export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";
