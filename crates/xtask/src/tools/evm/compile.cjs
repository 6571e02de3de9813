// Compiles Token.sol with the packages beside it. Prints the byte code in hexadecimal digits.
const fs = require("fs");
const solc = require("solc");

const input = {
    language: "Solidity",
    sources: { "Token.sol": { content: fs.readFileSync("Token.sol", "utf8") } },
    settings: {
        optimizer: { enabled: true },
        outputSelection: { "Token.sol": { Token: ["evm.bytecode.object"] } },
    },
};
const read = (path) => ({ contents: fs.readFileSync(`node_modules/${path}`, "utf8") });
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
if (output.errors) {
    throw new Error(output.errors.map((error) => error.formattedMessage).join("\n"));
}
process.stdout.write(output.contracts["Token.sol"].Token.evm.bytecode.object);
