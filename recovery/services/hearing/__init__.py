"""What comes in from customers' telephones: where it belongs, and what it carries."""
