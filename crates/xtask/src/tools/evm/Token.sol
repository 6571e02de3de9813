// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import "@openzeppelin/contracts/token/ERC20/ERC20.sol";

// What the tests pay with: a token of the common library, with the decimals of dollars on chains.
contract Token is ERC20 {
    event Noted(address by);

    constructor() ERC20("Test dollar", "TUSD") {
        _mint(msg.sender, 1_000_000e6);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    // Two transfers in one transaction, with a log of another kind between them.
    function transferBoth(address one, address two, uint256 amount) external {
        _transfer(msg.sender, one, amount);
        emit Noted(msg.sender);
        _transfer(msg.sender, two, amount);
    }

    // Sends the chain's coins on, as wallets that are contracts do.
    function pass(address payable to) external payable {
        (bool done, ) = to.call{value: msg.value}("");
        require(done);
    }
}
