//! A pickle is a program: this reader runs it symbolically and tells which doors it would go through.
