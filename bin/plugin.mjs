#!/usr/bin/env node
// A Pulumi plugin is found by this name on PATH: for programs in other languages than JavaScript.
import "../plugin/index.mjs";
