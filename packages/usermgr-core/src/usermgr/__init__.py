"""The abstract user manager: models, errors, UserManager, Factory, wire protocol and the contract suite."""
