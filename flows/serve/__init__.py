"""The long-running side: deployment, automations, e-mail, the reports over HTTP."""
