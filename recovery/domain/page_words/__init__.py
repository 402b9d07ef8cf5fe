"""The words of the customer's page, in each language that we ship."""
