export { type ChosenModel, chooseModel } from "./choose-model.js";
export {
  isRight,
  type Resolution,
  rightResolution,
  type Team,
  teams,
  type Warehouse,
  warehouses,
} from "./company-rules.js";
export { type Comparison, compareDesks } from "./compare-desks.js";
export { StandInModel } from "./stand-in-model.js";
export {
  auditOf,
  describeCall,
  describeTicket,
  deskPrompt,
  learningDesk,
  plainDesk,
  wasRight,
} from "./support-desk.js";
export { type Order, type Ticket, ticketNumber } from "./tickets.js";
export { deskTools } from "./tools.js";
export { type Desk, type Resolved, workAt, workThrough } from "./work-through.js";
