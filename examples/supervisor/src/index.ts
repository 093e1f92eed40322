export { handbooks, type Specialist, specialists } from "./handbooks.js";
export { deskOf, learningTeam, plainTeam } from "./support-team.js";
export { TeamModel } from "./team-model.js";
