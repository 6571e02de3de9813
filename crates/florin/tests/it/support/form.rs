//! A `multipart/form-data` body, as clients write it.

/// Parts one after another.
pub struct Form {
    boundary: &'static str,
    bytes: Vec<u8>,
    /// Where each part's content ends.
    ends: Vec<usize>,
}

impl Form {
    pub fn new() -> Self {
        Self { boundary: "----florin-test-7e3a", bytes: Vec::new(), ends: Vec::new() }
    }

    /// A part with a file, named after the part.
    pub fn file(self, name: &str, content: &[u8]) -> Self {
        self.named_file(name, &format!("{name}.bin"), content)
    }

    /// A part with a file of this name.
    pub fn named_file(mut self, name: &str, file_name: &str, content: &[u8]) -> Self {
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            self.boundary
        );
        self.bytes.extend(head.bytes());
        self.bytes.extend(content);
        self.ends.push(self.bytes.len());
        self.bytes.extend(b"\r\n");
        self
    }

    /// Where the content of each part ends.
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The whole body.
    pub fn body(&self) -> Vec<u8> {
        [&self.bytes[..], format!("--{}--\r\n", self.boundary).as_bytes()].concat()
    }

    /// The head of a request with a body of this length, for a connection of its own.
    pub fn head(&self, path: &str, length: usize, headers: &[(&str, &str)]) -> Vec<u8> {
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nHost: bank.example\r\nConnection: close\r\nContent-Type: {}\r\n\
             Content-Length: {length}\r\n",
            self.content_type()
        );
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Head and body.
    pub fn request(&self, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
        let body = self.body();
        [self.head(path, body.len(), headers), body].concat()
    }
}
