DROP INDEX executions_incident_idx;
DROP TABLE plan_approvals, plan_budgets, plans;
DROP FUNCTION plans_guard(), plan_approvals_guard();
