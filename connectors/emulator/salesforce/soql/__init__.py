"""SOQL: lexer, parser, and translation to SQL."""
