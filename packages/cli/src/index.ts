export { type DemoFacts, readDemoFacts } from "./demo/demo-facts.ts";
export { type DemoOptions, type StartedDemo, startDemo } from "./demo/start-demo.ts";
export { type OperatorKeyPlace, type StartedNode, type StartOptions, startNode } from "./start-node.ts";
