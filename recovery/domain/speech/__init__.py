"""What texts and the customer's page are made of, in each language that we ship."""
