//! How many requests an endpoint gets at once: more while it answers, half when it seems to have too many. Pure.

/// At first: enough that one slow answer holds up nothing, too few to hurt anybody.
const FIRST: usize = 4;

/// At most: with answers in 10 ms that is 6,400 a second; whoever needs more has several servers behind the one
/// address, and their answers take no longer for it.
const MOST: usize = 64;

/// The window of one endpoint.
#[derive(Debug)]
pub struct Window {
    size: usize,
}

impl Window {
    /// That of an endpoint which nothing is known of.
    pub fn new() -> Self {
        Self { size: FIRST }
    }

    /// Requests at once.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Another answer came.
    pub fn grow(&mut self) {
        self.size = (self.size + 1).min(MOST);
    }

    /// The endpoint seems overloaded, or away.
    pub fn shrink(&mut self) {
        self.size = (self.size / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_the_most_and_shrinks_to_one() {
        let mut window = Window::new();
        assert_eq!(window.size(), FIRST);
        (0..MOST).for_each(|_| window.grow());
        assert_eq!(window.size(), MOST);
        window.shrink();
        assert_eq!(window.size(), MOST / 2);
        (0..MOST).for_each(|_| window.shrink());
        assert_eq!(window.size(), 1);
        window.grow();
        assert_eq!(window.size(), 2);
    }
}
